"""From the box a page asked for to the pixels it needs: device pixel ratio, client hints, ladder of widths."""

from bisect import bisect_left
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.model.spec import MAX_SIDE_PX, TransformSpec

LADDER_PX = (16, 32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840)
"""``imageSizes`` and ``deviceSizes`` of Next.js' image configuration, defaults."""

MAX_DPR = Decimal(4)
SAVED_QUALITY = 20
"""How much ``Save-Data: on`` takes off the quality."""

_MAX_HINT_CHARS = 64


class Hints(Struct, frozen=True):
    """What request headers say beside the query; raw texts, empty when absent."""

    accept: str = ""
    save_data: str = ""
    dpr: str = ""
    width: str = ""
    colour_scheme: str = ""

    @property
    def chars(self) -> int:
        """How long all texts are together."""
        return len(self.accept) + len(self.save_data) + len(self.dpr) + len(self.width) + len(self.colour_scheme)

    def hinted_dpr(self) -> Decimal | None:
        """Read ``Sec-CH-DPR``, clamped to 1–4; None when it is no positive number."""
        value = _item(self.dpr)
        ratio = Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)
        return min(max(ratio, Decimal(1)), MAX_DPR) if ratio > 0 else None

    def hinted_width_px(self) -> int | None:
        """Read ``Sec-CH-Width``, in physical pixels, clamped to 8192; None when it is no positive whole number."""
        value = _item(self.width)
        return min(value, MAX_SIDE_PX) if isinstance(value, int) and value > 0 else None

    def prefers_dark(self) -> bool:
        """Whether ``Sec-CH-Prefers-Color-Scheme`` is ``dark``, as a string (what the draft says) or as a token."""
        return str(_item(self.colour_scheme)).lower() == "dark"

    def saves_data(self) -> bool:
        """Whether ``Save-Data`` is ``on`` (https://wicg.github.io/savedata/)."""
        if (value := _item(self.save_data)) is None:
            return False
        from http_sf import Token  # noqa: PLC0415 - see _item

        return isinstance(value, Token) and str(value).lower() == "on"


def _item(text: str) -> object:
    """
    Read a header as an item of structured fields (RFC 9651 §4.2.3); None when it is not one.

    The library takes 5 µs, and only where the header was sent; a regexp of our own would know half of the grammar.
    """
    if not text or len(text) > _MAX_HINT_CHARS:
        return None
    import http_sf  # noqa: PLC0415 - takes longer than all of this module, and most send no such header

    try:
        value, _ = cast("tuple[object, object]", http_sf.parse(text.encode("ascii"), tltype="item"))
    except ValueError:
        return None
    return None if isinstance(value, bool) else value


def lay_out(spec: TransformSpec, dpr: Decimal | None, hints: Hints) -> tuple[TransformSpec, tuple[str, ...]]:
    """
    Turn CSS pixels into physical ones.

    Args:
        spec: with the sides as asked for.
        dpr: the parameter, if it was given; it goes before the hint.
        hints: used for pictures only (a description has no place in a layout), and never to change what would be
            the source's own bytes.

    Returns:
        The spec with final sides, and the names of the headers that decided.
    """
    usable = not (spec.is_json or spec.is_identity)
    if spec.width is None and spec.height is None:
        width_px = hints.hinted_width_px() if usable else None
        return (spec, ()) if width_px is None else (replace(spec, width=width_px), ("Sec-CH-Width",))
    hinted = hints.hinted_dpr() if usable and dpr is None else None
    ratio = dpr or hinted or Decimal(1)
    if ratio != 1:
        spec = replace(spec, width=_scaled(spec.width, ratio), height=_scaled(spec.height, ratio))
    return spec, () if hinted is None else ("Sec-CH-DPR",)


def _scaled(side_px: int | None, ratio: Decimal) -> int | None:
    return None if side_px is None else min(MAX_SIDE_PX, int((side_px * ratio).to_integral_value(ROUND_HALF_UP)))


def snap_to_ladder(spec: TransformSpec) -> TransformSpec:
    """Raise the width to the next of the ladder's, the height in ratio; without a width, the height itself."""
    if spec.width is None:
        return spec if spec.height is None else replace(spec, height=_rung(spec.height))
    width_px = _rung(spec.width)
    if spec.height is None:
        return replace(spec, width=width_px)
    height_px = (2 * spec.height * width_px + spec.width) // (2 * spec.width)  # rounded half up, without floats
    return replace(spec, width=width_px, height=min(max(1, height_px), MAX_SIDE_PX))


def _rung(side_px: int) -> int:
    return LADDER_PX[min(bisect_left(LADDER_PX, side_px), len(LADDER_PX) - 1)]


def lower_quality(spec: TransformSpec) -> TransformSpec:
    """Do what ``Save-Data: on`` asks for: 20 less of the explicit quality, 1 at least, or of the format's own."""
    if spec.quality is None:
        return replace(spec, save_data=True).normalised()
    return replace(spec, quality=max(1, spec.quality - SAVED_QUALITY)).normalised()
