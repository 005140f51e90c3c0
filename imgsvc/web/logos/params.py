"""From a query string and five headers to whose logo is wanted, and how it shall look; pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.errors import InvalidRequest
from imgsvc.model.colours import Colour, is_light, opaque
from imgsvc.model.look import Theme
from imgsvc.model.source import Source
from imgsvc.model.spec import Fit, Output, TransformSpec
from imgsvc.services.logos.answers import Fallback, LogoRequest, Subject
from imgsvc.web.given import Given, collect
from imgsvc.web.header_names import COLOUR_SCHEME
from imgsvc.web.layout import Hints, lay_out, lower_quality, snap_to_ladder
from imgsvc.web.logos.parameters import AUTO, MOST_SIZE_PX, NONE, RETINA, Shape
from imgsvc.web.negotiate import fold_accept
from imgsvc.web.query import decode_query
from imgsvc.web.sources import read_source


class LogoQuestion(Struct, frozen=True):
    """
    One logo request, understood.

    Exactly one of *website*, *company* and *source* says what is wanted.

    Attributes:
        website: as sent; empty = it was not.
        company: likewise, without space around it.
        source: a picture that is wanted instead of a logo.
        param: the name under which the one that was sent was sent.
        size_px: side of the square that the logo shall fit in, in device pixels, 16–4096.
        spec: what is made of it, in normal form.
        theme: of the page; None = it is shown as it is, and nothing is said of how it looks.
        is_exact: whether the page has another colour than the theme's own.
        fallback: what is answered where there is no logo.
        refresh: whether it shall be looked for anew.
        pairs: all parameters as sent, decoded once; what a signature is checked over.
        is_signed: whether a ``sig`` is among them.
        headers: what decided, what was ignored and what the browser shall send next time, finished.
    """

    website: str
    company: str
    source: Source | None
    param: str
    size_px: int
    spec: TransformSpec
    theme: Theme | None
    is_exact: bool
    fallback: Fallback
    refresh: bool
    pairs: tuple[tuple[str, str], ...]
    is_signed: bool
    headers: tuple[tuple[str, str], ...]

    def about(self, subject: Subject) -> LogoRequest:
        """Ask the same of *subject*, which is what *website* or *company* means."""
        return LogoRequest(subject, self.size_px, self.spec, self.theme, self.fallback, self.is_exact)


class _Whose(Struct, frozen=True):
    website: str
    company: str
    source: Source | None
    param: str


class _Page(Struct, frozen=True):
    """The page behind a logo; nothing of it is known where no theme is."""

    theme: Theme | None = None
    colour: Colour | None = None

    @property
    def scheme(self) -> str:
        return "" if self.theme is None else self.theme.value


def parse_logo_query(
    raw_query: str, hints: Hints, shape: Shape, *, website: str | None = None, ladder: bool = False
) -> LogoQuestion:
    """
    Understand a logo request.

    Args:
        raw_query: what follows the ``?``, still percent-encoded, exactly as the client sent it.
        hints: the headers that may decide.
        shape: how the route is asked.
        website: whose logo, where the path says it.
        ladder: IMGSVC_WIDTH_LADDER: sides of unsigned requests snap to the ladder's.

    Raises:
        InvalidRequest: with the parameter at fault, by the name the client used.
        ObjectNotFound: a store key where no pictures are.
    """
    pairs = decode_query(raw_query)
    given = collect(pairs, shape.by_name)
    values = given.values
    whose = _whose(given, shape, website)
    page, vary = _page(values, hints, shape)
    size_px, spec, decided = _drawn(values, hints, page, shape, is_picture=whose.source is not None)
    if ladder and "sig" not in values:
        spec = snap_to_ladder(spec).normalised()
        size_px = spec.width or size_px
    return LogoQuestion(
        website=whose.website,
        company=whose.company,
        source=whose.source,
        param=whose.param,
        size_px=size_px,
        spec=spec,
        theme=page.theme,
        is_exact=page.theme is not None and page.colour != page.theme.page,
        fallback=values.get("fallback", Fallback.MONOGRAM),
        refresh=values.get("forceRefresh", False),
        pairs=tuple((pair.name, pair.value) for pair in pairs),
        is_signed="sig" in values,
        headers=_headers((*decided, *vary), given.ignored),
    )


def _whose(given: Given, shape: Shape, website: str | None) -> _Whose:
    """Take the one thing that was named; a form's empty field names nothing."""
    if website is not None:
        return _Whose(website, "", None, shape.website)
    others = ["company", *(["url"] if shape.takes_picture else [])]
    known = [name for name in (shape.website, *others) if name in shape.by_name]
    texts = {name: text for name in known if (text := given.values.get(name, "").strip())}
    if not texts:
        raise InvalidRequest(f"Name {' or '.join(known)}.", param=given.names.get(shape.website, shape.website))
    if len(texts) > 1:
        *_, last = texts
        raise InvalidRequest(f"Name one of {' and '.join(texts)}, not both.", param=given.names[last])
    [(name, text)] = texts.items()
    param = given.names[name]
    if name == "company":
        return _Whose("", text, None, param)
    if name == "url" and shape.takes_picture:
        return _Whose("", "", read_source(text, param=param), param)
    return _Whose(text, "", None, param)


def _page(values: Mapping[str, Any], hints: Hints, shape: Shape) -> tuple[_Page, tuple[str, ...]]:
    """Say what the page is, and which header did; of a colour alone its lightness says whether it is a dark one."""
    colour = values.get("bg")
    unsaid = shape.theme if colour is None else NONE
    if colour is None and unsaid == NONE and values.get("f") is Output.JPEG:
        unsaid = Theme.LIGHT  # JPEG brings a page of its own, on which a white logo would be nothing
    word = values.get("theme", unsaid)
    if word == NONE:
        if colour is None:
            return _Page(), ()
        colour = opaque(colour, Theme.LIGHT.page)
        return _Page(Theme.LIGHT if is_light(colour) else Theme.DARK, colour), ()
    vary: tuple[str, ...] = ()
    if word == AUTO:
        word, vary = Theme.DARK if hints.prefers_dark() else Theme.LIGHT, (COLOUR_SCHEME,)
    theme = Theme(word)
    return _Page(theme, theme.page if colour is None else opaque(colour, theme.page)), vary


def _drawn(
    values: Mapping[str, Any], hints: Hints, page: _Page, shape: Shape, *, is_picture: bool
) -> tuple[int, TransformSpec, tuple[str, ...]]:
    """Give the size in device pixels, the spec, and the names of the headers that decided."""
    asked_px = values.get(shape.size)
    dpr = values.get("dpr") or (RETINA if values.get("retina") else None)
    asked = TransformSpec(
        output=values.get("f") or fold_accept(hints.accept),
        quality=values.get("q"),
        greyscale=values.get("greyscale", False),
        page=page.colour,
        scheme=page.scheme,
    )
    if asked.is_identity and asked_px is None and dpr is None:
        return shape.size_px, asked.normalised(), ()
    if is_picture and asked_px is None:
        # Nobody asked for a size: its own, within the largest there is.
        asked_px, dpr = MOST_SIZE_PX, Decimal(1)
    side_px = shape.size_px if asked_px is None else asked_px
    boxed = replace(asked, width=side_px, height=side_px, fit=Fit.INSIDE, animate=False)
    laid, decided = lay_out(boxed, dpr, hints)
    vary = ("Accept", *decided) if asked.output.is_auto else decided
    spec = laid.normalised()
    if hints.saves_data() and (lowered := lower_quality(spec)) != spec:
        spec, vary = lowered, (*vary, "Save-Data")
    return laid.width or side_px, spec, vary


def _headers(vary: tuple[str, ...], ignored: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    # Browsers send this hint to nobody who has not asked for it, and for a first answer only where it is critical.
    asked_for = (COLOUR_SCHEME,) if COLOUR_SCHEME in vary else ()
    named = (("Vary", vary), ("Accept-CH", asked_for), ("Critical-CH", asked_for), ("X-Ignored-Params", ignored))
    return tuple((name, ", ".join(texts)) for name, texts in named if texts)
