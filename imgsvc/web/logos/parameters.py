"""The parameters of the logo routes, a table for each; entries that mean the same as for pictures are the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from imgsvc.model.colours import colour
from imgsvc.model.hosts import MAX_URL_CHARS
from imgsvc.model.look import Theme
from imgsvc.services.logos.answers import Fallback
from imgsvc.web import values
from imgsvc.web.parameters import BY_NAME, Parameter, by_name, choice, switch, text_up_to

LEAST_SIZE_PX, MOST_SIZE_PX = 16, 1024
DEFAULT_SIZE_PX = 128
MAX_COMPANY_CHARS = 200

AUTO, NONE = "auto", "none"
"""Themes beside those that are one: what the browser prefers, and the logo as it is."""

RETINA = Decimal(2)

_BETWEEN_SIZES = ".."
_SIZE_TAKES = f"a whole number from {LEAST_SIZE_PX} to {MOST_SIZE_PX}"
_SIZE_SCHEMA = {"type": "integer", "minimum": LEAST_SIZE_PX, "maximum": MOST_SIZE_PX}
# For documents; that the three are in order it cannot say.
_SIZES_PATTERN = r"^[0-9]{1,9}\.\.(?:1[6-9]|[2-9][0-9]|[1-9][0-9]{2}|10[01][0-9]|102[0-4])\.\.[0-9]{1,9}$"
_read_size = values.whole(LEAST_SIZE_PX, MOST_SIZE_PX)


def middle_size(value: str) -> int:
    """Read ``least..perfect..most``, or the perfect size alone; only that one counts, and has the bounds of a size."""
    least, *rest = value.split(_BETWEEN_SIZES)
    if not rest:
        return _read_size(least)
    perfect, most = rest
    at_least, wanted, at_most = values.whole(0, 10**9)(least), _read_size(perfect), values.whole(0, 10**9)(most)
    if not at_least <= wanted <= at_most:
        raise ValueError(value)
    return wanted


def _website(name: str, *aliases: str, required: bool = False) -> Parameter:
    return Parameter(
        name, values.text, "a host, a URL or an e-mail address", "Whose logo: a host, URL or e-mail address.", aliases,
        text_up_to(MAX_URL_CHARS), MAX_URL_CHARS, required=required, example="example.com",
    )  # fmt: skip


def _size(name: str, default_px: int) -> Parameter:
    sentence = f"Side in CSS pixels of the square that the logo fits in; {default_px} when absent."
    return Parameter(name, _read_size, _SIZE_TAKES, sentence, schema=_SIZE_SCHEMA)


def _theme(*words: str) -> Parameter:
    return choice("theme", {word: word for word in words}, "The page's background; auto asks the browser.")


_COMPANY = Parameter(
    "company", values.text, "a name", "Whose logo: the name of a company.",
    schema=text_up_to(MAX_COMPANY_CHARS), max_chars=MAX_COMPANY_CHARS,
)  # fmt: skip
_PAGE = Parameter(
    "bg", colour, BY_NAME["bg"].takes, "The page's exact background colour, where it is not the theme's.",
    ("background",), BY_NAME["bg"].schema,
)  # fmt: skip
_FALLBACK = choice("fallback", {word.value: word for word in Fallback}, "What is answered where there is no logo.")
_SIZE_OF_LOGO = _size("size", DEFAULT_SIZE_PX)
_SIZE_OF_ICON = Parameter(
    "size", middle_size, f"least..perfect..most, or one number; the perfect one from {LEAST_SIZE_PX} to {MOST_SIZE_PX}",
    f"Side in CSS pixels of the square that the logo fits in; {DEFAULT_SIZE_PX} when absent.",
    schema={"anyOf": [_SIZE_SCHEMA, {"type": "string", "pattern": _SIZES_PATTERN}]},
)  # fmt: skip
_DPR = Parameter(
    "dpr", BY_NAME["dpr"].parse, BY_NAME["dpr"].takes, "Device pixels per CSS pixel: multiplies the size.",
    schema=BY_NAME["dpr"].schema,
)  # fmt: skip
_RETINA = switch("retina", "Double the size, as dpr=2 does.")
_URL = Parameter(
    "url", BY_NAME["url"].parse, BY_NAME["url"].takes, "A picture to adapt instead of a logo.", BY_NAME["url"].aliases,
    text_up_to(MAX_URL_CHARS), BY_NAME["url"].max_chars,
)  # fmt: skip
_SIGNATURE = (BY_NAME["sig"], BY_NAME["exp"])
_DRAWN = (BY_NAME["f"], _PAGE, BY_NAME["greyscale"], _DPR, BY_NAME["q"], _FALLBACK)


@dataclass(frozen=True, slots=True)
class Shape:
    """
    How one route is asked.

    Attributes:
        parameters: all it takes, in the order of the documentation.
        website: name of the one that says whose logo; in a path where *parameters* has no such one.
        size: name of the one that says how large.
        size_px: what counts without it.
        theme: what counts without one.
        by_name: *parameters* by all of their names.
    """

    parameters: tuple[Parameter, ...]
    website: str = "website"
    size: str = "size"
    size_px: int = DEFAULT_SIZE_PX
    theme: str = NONE
    by_name: Mapping[str, Parameter] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", by_name(self.parameters))

    @property
    def takes_picture(self) -> bool:
        """Whether ``url`` names a picture, and not a website."""
        return _URL in self.parameters


LOGO = Shape((
    _website("website", "domain", "url"), _COMPANY, _SIZE_OF_LOGO, _theme(*Theme, AUTO, NONE), *_DRAWN,
    BY_NAME["forceRefresh"], *_SIGNATURE,
))  # fmt: skip
INVERT = Shape(
    (_website("domain", "website"), _URL, _SIZE_OF_LOGO, _theme(*Theme, AUTO), *_DRAWN, *_SIGNATURE),
    website="domain", theme=Theme.DARK,
)  # fmt: skip
CANDIDATES = Shape((_website("website", "domain", "url"), _COMPANY, _SIZE_OF_LOGO, _theme(*Theme, NONE), *_SIGNATURE))
CLEARBIT = Shape(
    (_SIZE_OF_LOGO, BY_NAME["f"], BY_NAME["greyscale"], _theme(*Theme, AUTO, NONE), _FALLBACK, _RETINA),
    website="domain",
)  # fmt: skip
"""``/logo/{domain}``, as Clearbit had it and logo.dev has it."""
PATH_DOMAIN = _website("domain", required=True)
"""What the path of ``/logo/{domain}`` says."""
GOOGLE = Shape(
    (_website("domain", "domain_url", required=True), _size("sz", 16)), website="domain", size="sz", size_px=16
)  # fmt: skip
BESTICON = Shape((_website("url", required=True), _SIZE_OF_ICON), website="url")

SHAPES: Mapping[str, Shape] = {
    "/api/logo": LOGO,
    "/api/logo/invert": INVERT,
    "/api/logo/candidates": CANDIDATES,
    "/logo/{domain}": CLEARBIT,
    "/s2/favicons": GOOGLE,
    "/icon": BESTICON,
}
"""All of them, by route."""
