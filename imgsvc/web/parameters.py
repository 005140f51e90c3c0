"""The parameters of the image routes, as one table: parsing, error messages and documentation have this one source."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from imgsvc.errors import InvalidRequest
from imgsvc.model.colours import colour, colour_pattern
from imgsvc.model.hosts import MAX_URL_CHARS
from imgsvc.model.spec import MAX_SIDE_PX, Fit, Placeholder
from imgsvc.web import values
from imgsvc.web.query import MAX_QUERY_CHARS, Pair

MAX_VALUE_CHARS = 256
MAX_TAGS_CHARS = 512
MAX_UNIX_SECONDS = 10**12
"""Beyond the year 33,000."""

EXAMPLE_URL = "https://example.com/photo.jpg"

_YES_OR_NO = "1 or 0 (also true/false, yes/no, on/off)"


class Parameter(Struct, frozen=True):
    """
    One parameter.

    Attributes:
        name: the one it is documented under.
        parse: decoded text to value; raises ValueError when it is none.
        takes: what is allowed, as the rest of a sentence that begins with the name.
        help: one sentence for the API's documentation.
        aliases: other names that mean the same.
        schema: the same facts as *takes*, as JSON schema, or what makes it; words are listed in lower case, taken in
            any.
        max_chars: longest decoded text.
        required: whether a request without it is refused.
        example: a value to try; empty = there is none.
    """

    name: str
    parse: Callable[[str], Any]
    takes: str
    help: str
    aliases: tuple[str, ...] = ()
    schema: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = field(default_factory=lambda: {"type": "string"})
    max_chars: int = MAX_VALUE_CHARS
    required: bool = False
    example: str = ""

    def json_schema(self) -> dict[str, Any]:
        """Give the schema, made where it was not yet."""
        return dict(self.schema() if callable(self.schema) else self.schema)

    def read(self, pair: Pair) -> Any:
        """
        Parse what a client sent under this parameter's name or one of its aliases.

        Raises:
            InvalidRequest: it is not what the parameter takes; *param* is the name the client used.
        """
        if not pair.well_formed:
            raise InvalidRequest(f"{pair.name} is not percent-encoded UTF-8.", param=pair.name)
        if len(pair.value) > self.max_chars:
            raise InvalidRequest(f"{pair.name} has at most {self.max_chars} characters.", param=pair.name)
        try:
            return self.parse(pair.value)
        except ValueError as error:
            raise InvalidRequest(f"{pair.name} takes {self.takes}.", param=pair.name) from error


def _side(name: str, alias: str) -> Parameter:
    return Parameter(
        name, values.whole(1, MAX_SIDE_PX), f"a whole number from 1 to {MAX_SIDE_PX}",
        f"{alias.capitalize()} of the box in CSS pixels; absent, it follows from the picture.", (alias,),
        {"type": "integer", "minimum": 1, "maximum": MAX_SIDE_PX}, example="640" if name == "w" else "",
    )  # fmt: skip


def _number(low: str, high: str, unit: str) -> tuple[str, Mapping[str, Any]]:
    schema = {"type": "number", "minimum": float(low), "maximum": float(high)}
    return f"a decimal number from {low} to {high}{unit}", schema


def words(options: Iterable[str]) -> Mapping[str, Any]:
    """Make the schema of one of these words."""
    return {"type": "string", "enum": list(options)}


def switch(name: str, help_: str, *aliases: str) -> Parameter:
    """Make a parameter that says yes or no."""
    return Parameter(name, values.boolean, _YES_OR_NO, help_, aliases, words(values.SWITCH_WORDS))


def _sigma(name: str, low: str, high: str, help_: str, *aliases: str) -> Parameter:
    takes, schema = _number(low, high, ", a sigma in pixels")
    return Parameter(name, values.sigma(low, high), takes, help_, aliases, schema)


def choice(name: str, options: Mapping[str, object], help_: str, *aliases: str) -> Parameter:
    """Make a parameter that takes one of these words."""
    return Parameter(name, values.choice(options), f"one of {', '.join(options)}", help_, aliases, words(options))


def text_up_to(max_chars: int, pattern: str = "") -> Mapping[str, Any]:
    """Make the schema of a text of so many characters; *pattern* is one of ECMA 262's, for the whole of it."""
    schema = {"type": "string", "maxLength": max_chars}
    return schema | {"pattern": f"^(?:{pattern})$"} if pattern else schema


def _colours() -> Mapping[str, Any]:
    return text_up_to(MAX_VALUE_CHARS, colour_pattern())


_DPR_TAKES, _DPR_SCHEMA = _number("1", "4", "")
_GRAVITY_SCHEMA = {"anyOf": [words(values.GRAVITIES), {"type": "string", "pattern": values.FOCUS_PATTERN}]}
_TRIM_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 100}, words(values.TRIM_WORDS)]}
_URL_PATTERN = "(?:https?|s3|store)(?::|%).+"

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "url", values.text, "an http or https URL or a store key",
        "Source: an http(s) URL, or s3://KEY for an object of the store; may be percent-encoded several times.",
        ("src",), text_up_to(MAX_URL_CHARS, _URL_PATTERN), MAX_QUERY_CHARS, required=True,
        example=EXAMPLE_URL,
    ),
    _side("w", "width"),
    _side("h", "height"),
    Parameter(
        "dpr", values.decimal("1", "4"), _DPR_TAKES, "Device pixels per CSS pixel: multiplies w and h.",
        schema=_DPR_SCHEMA,
    ),
    choice("fit", {f.value: f for f in Fit}, "How the picture meets a box of both w and h."),
    switch("enlarge", "Let the picture grow beyond its natural size."),
    Parameter(
        "g", values.gravity, f"one of {', '.join(values.GRAVITIES)}, or fp:X:Y with X and Y from 0 to 1",
        "Which part fit=cover keeps.", ("gravity", "position"), _GRAVITY_SCHEMA,
    ),
    Parameter(
        "bg", colour, "a hex colour of 3, 4, 6 or 8 digits, a CSS colour name, or transparent",
        "Colour behind transparency and behind the bars of fit=contain.", ("background",), _colours,
    ),
    choice("f", values.OUTPUTS, "Format of the answer; auto lets Accept decide.", "format", "fm", "output"),
    Parameter(
        "q", values.whole(1, 100), "a whole number from 1 to 100", "Quality of lossy formats.", ("quality",),
        {"type": "integer", "minimum": 1, "maximum": 100},
    ),
    _sigma("blur", "0.3", "250", "Gaussian blur."),
    _sigma("sharpen", "0.3", "10", "Unsharp mask.", "sharp"),
    choice("rotate", {"90": 90, "180": 180, "270": 270}, "Turn clockwise by that many degrees.", "rot"),
    switch("flip", "Mirror top to bottom."),
    switch("flop", "Mirror left to right."),
    Parameter(
        "trim", values.trim, f"a tolerance from 1 to 100, or nothing for {values.DEFAULT_TRIM}",
        "Cut off a border of one colour.", schema=_TRIM_SCHEMA,
    ),
    switch("greyscale", "Drop colour.", "grayscale"),
    switch("anim", "Keep animation; 0 takes the first frame."),
    choice(
        "placeholder", {p.value: p for p in Placeholder}, "Answer JSON with a stand-in for the picture instead of it."
    ),
    Parameter(
        "v", values.version, f"at most {MAX_VALUE_CHARS} characters",
        "The client's own version of the source: part of the cache key, makes the answer immutable.", ("cb",),
        text_up_to(MAX_VALUE_CHARS),
    ),
    Parameter(
        "tag", values.tags, f"at most {values.MAX_TAGS} words of letters, digits or . _ : / - with commas between",
        "Words by which the source can be purged, from signed requests; part of no key.",
        schema=text_up_to(MAX_TAGS_CHARS, values.TAGS_PATTERN), max_chars=MAX_TAGS_CHARS,
    ),
    Parameter(
        "forceRefresh", values.refresh, "1 or 0 (also true/false)", "Ask the source again; part of no key.",
        ("refresh",), words(values.REFRESH_WORDS),
    ),
    Parameter(
        "sig", values.text, f"at most {MAX_VALUE_CHARS} characters", "Signature of the request.",
        schema=text_up_to(MAX_VALUE_CHARS),
    ),
    Parameter(
        "exp", values.whole(0, MAX_UNIX_SECONDS), "a time in whole unix seconds", "When the signature ends.",
        schema={"type": "integer", "minimum": 0, "maximum": MAX_UNIX_SECONDS},
    ),
)  # fmt: skip
"""All of them, in the order of the documentation."""


def by_name(parameters: Iterable[Parameter]) -> Mapping[str, Parameter]:
    """Find each by all of its names."""
    return {name: parameter for parameter in parameters for name in (parameter.name, *parameter.aliases)}


BY_NAME = by_name(PARAMETERS)

NEXT_PARAMETERS: tuple[Parameter, ...] = (
    replace(
        BY_NAME["url"], takes="an http or https URL, a path of the site, or a store key",
        help="Source, as for pictures; or a path of IMGSVC_SITE_URL.",
        schema=text_up_to(MAX_URL_CHARS, f"{_URL_PATTERN}|(?:/|%).*"),
    ),
    *PARAMETERS[1:],
)  # fmt: skip
"""Those of Next's own route."""
