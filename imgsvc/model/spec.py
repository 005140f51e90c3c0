"""What a client wants done to a picture, as one frozen value with one canonical text."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from imgsvc.model.colours import Colour
from imgsvc.model.formats import CAPABILITIES, ImageFormat

TRANSFORM_VERSION = 2
"""Part of every variant's key: raised when the same parameters begin to give other pixels."""

MAX_SIDE_PX = 8192
"""The largest width or height that may be asked for, ``dpr`` included."""


class Fit(StrEnum):
    """How a picture meets its box."""

    INSIDE = "inside"
    COVER = "cover"
    CONTAIN = "contain"
    FILL = "fill"
    OUTSIDE = "outside"


class Gravity(StrEnum):
    """Which part ``cover`` keeps; FOCUS is the point in :attr:`TransformSpec.focus`."""

    CENTRE = "centre"
    NORTH = "north"
    NORTHEAST = "northeast"
    EAST = "east"
    SOUTHEAST = "southeast"
    SOUTH = "south"
    SOUTHWEST = "southwest"
    WEST = "west"
    NORTHWEST = "northwest"
    ATTENTION = "attention"
    ENTROPY = "entropy"
    FOCUS = "fp"


class Placeholder(StrEnum):
    """Kinds of stand-in for a picture that is still loading."""

    THUMBHASH = "thumbhash"
    COLOR = "color"
    BLUR = "blur"


class Output(StrEnum):
    """
    What the answer shall be.

    The AUTO classes are what every ``Accept`` header folds to before the key is made: the best the client takes is
    AVIF, is WebP, or is the source's own format. Who refuses WebP or AVIF by name, which hardly anybody does, has two
    of his own: nothing but JPEG, PNG and GIF, beside AVIF or alone.
    """

    AUTO_AVIF = "auto-avif"
    AUTO_WEBP = "auto-webp"
    AUTO_SOURCE = "auto-source"
    AUTO_AVIF_PLAIN = "auto-avif-plain"
    AUTO_PLAIN = "auto-plain"
    ORIGINAL = "original"
    JPEG = "jpg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    AVIF = "avif"
    JSON = "json"

    @property
    def is_auto(self) -> bool:
        """Whether ``Accept`` decided."""
        return self.value.startswith("auto-")

    @property
    def explicit_format(self) -> ImageFormat | None:
        """The format asked for by name; None where source or ``Accept`` decide, and for JSON."""
        return _EXPLICIT.get(self)


_EXPLICIT = {
    Output.JPEG: ImageFormat.JPEG,
    Output.PNG: ImageFormat.PNG,
    Output.WEBP: ImageFormat.WEBP,
    Output.GIF: ImageFormat.GIF,
    Output.AVIF: ImageFormat.AVIF,
}

# An answer's format is only known once its source is; a key must be known before. These say what the class promises.
_EXTENSIONS = {
    Output.AUTO_AVIF: "avif",
    Output.AUTO_WEBP: "webp",
    Output.AUTO_SOURCE: "img",
    Output.AUTO_AVIF_PLAIN: "avif",
    Output.AUTO_PLAIN: "img",
    Output.ORIGINAL: "img",
}


class TransformSpec(Struct, frozen=True):
    """
    Everything that decides an answer's bytes beside the source, in normal form.

    Two requests that mean the same have equal specs: whoever makes one folds ``dpr`` into the sides and drops what has
    no effect by :meth:`normalised`. A field left at its default says nothing in the canonical text. Steps happen in
    the order orient, trim, rotate, flip/flop, resize, blur, sharpen, greyscale, background.

    Attributes:
        output: the answer's format, ``Accept`` already folded in.
        width: of the box in px, 1–8192; None = free.
        height: likewise.
        fit: how the picture meets the box; INSIDE unless both sides are given.
        enlarge: whether a picture may grow beyond its natural size.
        gravity: what COVER keeps.
        focus: x and y in 0–1 of the point to keep, with gravity FOCUS.
        background: what is put behind transparency and CONTAIN's bars; None = transparent where the format can.
        quality: 1–100; None = the format's default.
        save_data: lower the *default* quality by 20 (an explicit one has it folded in).
        blur: sigma in px, 0.3–250.
        sharpen: sigma in px, 0.3–10.
        rotate: clockwise degrees, 0, 90, 180 or 270.
        flip: mirror top to bottom.
        flop: mirror left to right.
        trim: tolerance 1–100 within which a border counts as one colour.
        greyscale: drop colour.
        animate: keep all frames where source and output can; never with *page*.
        placeholder: answer JSON with a stand-in instead of a picture.
        page: background of the page it shall read on: lightness is moved where it does not, and the answer says what
            was seen (:class:`imgsvc.model.look.Look`); None = it is shown as it is.
        scheme: ``light`` or ``dark``: which of a drawing's own colour schemes is drawn, and whose contrast *page*
            stands for; empty = none.
        remembered: an earlier verdict on whether it reads on *page*, kept unless its contrast is clearly another.
        content: first hex digits of the digest of the bytes that are meant, where the source is an object that may be
            replaced; part of the key, not of the pixels.
        version: the client's own ``v``; part of the key, not of the pixels.
    """

    output: Output = Output.AUTO_SOURCE
    width: int | None = None
    height: int | None = None
    fit: Fit = Fit.INSIDE
    enlarge: bool = False
    gravity: Gravity = Gravity.CENTRE
    focus: tuple[float, float] | None = None
    background: Colour | None = None
    quality: int | None = None
    save_data: bool = False
    blur: float | None = None
    sharpen: float | None = None
    rotate: int = 0
    flip: bool = False
    flop: bool = False
    trim: int | None = None
    greyscale: bool = False
    animate: bool = True
    placeholder: Placeholder | None = None
    page: Colour | None = None
    scheme: str = ""
    remembered: bool | None = None
    content: str = ""
    version: str | None = None

    @property
    def changes_pixels(self) -> bool:
        """Whether any step does something, were the source as large as can be; encoding does not count."""
        return any(getattr(self, name) != default for name, default in _PIXEL_DEFAULTS)

    @property
    def is_identity(self) -> bool:
        """Whether the source's own bytes are the answer."""
        return self.output is Output.ORIGINAL and self.placeholder is None and not self.changes_pixels

    @property
    def is_json(self) -> bool:
        """Whether the answer describes the picture instead of showing it."""
        return self.output is Output.JSON or self.placeholder is not None

    @property
    def extension(self) -> str:
        """What the stored variant's key ends in; for AUTO and ORIGINAL a promise, the media type is in the metadata."""
        return "json" if self.is_json else _EXTENSIONS.get(self.output, self.output.value)

    def normalised(self) -> "TransformSpec":
        """
        Give the normal form: equal for all specs that ask for the same bytes, as far as that shows without the source.

        Defaults stand in for what has no effect: ``fit`` without two sides, a gravity without COVER, the quality of
        a lossless format or a format's own default, frames where the output is a still, every step of a description.
        Turns and mirrors that come to the same are written one way.
        """
        if self.output is Output.JSON and self.placeholder is None:
            return TransformSpec(output=Output.JSON, content=self.content, version=self.version)
        spec = _turned_one_way(self)
        spec = _reset(spec, _idle_in_box(spec))
        if spec.page is not None:
            spec = replace(spec, animate=False, page=replace(spec.page, alpha=255))
        return _reset(spec, _idle_in_encoding(spec))

    def canonical(self) -> str:
        """Give the one readable text of this spec, such as ``auto-webp,w640,fit-cover``; equal specs, equal texts."""
        parts = [self.output.value]
        for name, default, label in _CANONICAL:
            value = getattr(self, name)
            if value != default:
                parts.append(label if value is True and default is False else f"{label}{_text(value)}")
        return ",".join(parts)


_PIXEL_STEPS = [
    "width", "height", "background", "blur", "sharpen", "rotate", "flip", "flop", "trim", "greyscale", "animate",
    "enlarge", "page", "scheme", "remembered",
]  # fmt: skip
_DEFAULTS = asdict(TransformSpec())
_PIXEL_DEFAULTS = tuple((name, _DEFAULTS[name]) for name in _PIXEL_STEPS)
_LABELS = {
    "width": "w", "height": "h", "fit": "fit-", "enlarge": "enlarge", "gravity": "g-", "focus": "at-",
    "background": "bg-", "quality": "q", "save_data": "save", "blur": "blur", "sharpen": "sharpen", "rotate": "rot",
    "flip": "flip", "flop": "flop", "trim": "trim", "greyscale": "grey", "animate": "still",
    "placeholder": "ph-", "page": "page-", "scheme": "scheme-", "remembered": "was-", "content": "of-", "version": "v-",
}  # fmt: skip
_CANONICAL = tuple((name, _DEFAULTS[name], label) for name, label in _LABELS.items())


_WHITE = Colour(255, 255, 255)
_MIDDLE = (0.5, 0.5)


def _reset(spec: TransformSpec, names: Iterable[str]) -> TransformSpec:
    # Most are as they should be already, and a new spec costs more than all looks at the old one.
    defaults: dict[str, Any] = {name: _DEFAULTS[name] for name in names if getattr(spec, name) != _DEFAULTS[name]}
    return replace(spec, **defaults) if defaults else spec


def _turned_one_way(spec: TransformSpec) -> TransformSpec:
    """Of the sixteen ways to turn and mirror only eight differ: both mirrors are half a turn, which goes with all."""
    if spec.flip and spec.flop:
        return replace(spec, rotate=(spec.rotate + 180) % 360, flip=False, flop=False)
    if spec.flip != spec.flop and spec.rotate >= 180:  # noqa: PLR2004 - degrees
        return replace(spec, rotate=spec.rotate - 180, flip=spec.flop, flop=spec.flip)
    return spec


def _idle_in_box(spec: TransformSpec) -> Iterator[str]:
    sides = (spec.width, spec.height)
    if None in sides:
        yield "fit"
    if sides == (None, None):
        yield "enlarge"
    if None in sides or spec.fit is not Fit.COVER or (spec.gravity is Gravity.FOCUS and spec.focus in (None, _MIDDLE)):
        yield from ("gravity", "focus")
    elif spec.gravity is not Gravity.FOCUS:
        yield "focus"
    if spec.background and spec.background.alpha == 0:
        yield "background"
    if spec.page is None or spec.placeholder:
        yield from ("page", "remembered")


def _idle_in_encoding(spec: TransformSpec) -> Iterator[str]:
    explicit = spec.output.explicit_format
    if spec.placeholder:
        yield from ("output", "quality", "save_data", "animate")
    elif explicit:
        can = CAPABILITIES[explicit]
        if not can.lossy:
            yield from ("quality", "save_data")
        elif spec.quality == can.default_quality and not spec.save_data:
            yield "quality"
        if not can.animation:
            yield "animate"
        if not can.alpha and spec.background == (spec.page or _WHITE):
            yield "background"
    elif spec.is_identity:
        yield from ("quality", "save_data")


def _text(value: object) -> str:
    """Write a field's value so that equal values give equal texts and no comma comes in unasked."""
    match value:
        case bool():  # where that is no switch that is off by default, whose label says all
            return "yes" if value else ""
        case float():
            return f"{value:g}"
        case (x, y):
            return f"{x:g}-{y:g}"
        case _:
            return str(value)
