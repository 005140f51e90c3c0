"""The parameters of ``/api/og-image``; entries that mean the same as for pictures are the same."""

from msgspec.structs import replace

from imgsvc.model.hosts import MAX_URL_CHARS
from imgsvc.opengraph.cards import CardKind
from imgsvc.opengraph.profiles import Network
from imgsvc.services.assets import ASSET_ID_PATTERN
from imgsvc.web import values
from imgsvc.web.parameters import BY_NAME, Parameter, by_name, choice, text_up_to

MAX_TITLE_CHARS = 500

_OUTPUTS = {word: output for word, output in values.OUTPUTS.items() if word != "json"}


def _text(name: str, help_: str) -> Parameter:
    return Parameter(
        name, values.text, f"at most {MAX_TITLE_CHARS} characters", help_,
        schema=text_up_to(MAX_TITLE_CHARS), max_chars=MAX_TITLE_CHARS,
    )  # fmt: skip


PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "url", values.text, "an http or https URL, a store key or an asset",
        "A page, a picture, a stored object or an asset.", ("src",), text_up_to(MAX_URL_CHARS),
        BY_NAME["url"].max_chars, example="https://example.com/article",
    ),
    Parameter(
        "assetId", values.text, "a UUID, with dashes or without", "An asset, instead of url.",
        schema=text_up_to(MAX_TITLE_CHARS, ASSET_ID_PATTERN), max_chars=MAX_TITLE_CHARS,
    ),
    choice("kind", {kind.value: kind for kind in CardKind}, "What card stands in where there is no picture."),
    _text("title", "Title of that card, instead of the page's own."),
    _text("subtitle", "Line below that title, likewise."),
    choice("for", {network.value: network for network in Network}, "The network whose limits the answer keeps."),
    *(BY_NAME[name] for name in ("w", "h", "fit", "g", "bg")),
    choice("f", _OUTPUTS, "Format of the answer; auto lets Accept decide.", "format", "fm", "output"),
    BY_NAME["q"], BY_NAME["sig"], BY_NAME["exp"],
)  # fmt: skip
"""All of them, in the order of the documentation."""

SHARE_BY_NAME = by_name(PARAMETERS)

PAGE_PARAMETERS: tuple[Parameter, ...] = (
    replace(
        BY_NAME["url"], takes="an http or https URL", help="The page.", aliases=(),
        schema=text_up_to(MAX_URL_CHARS, "https?(?::|%).+"), example="https://example.com/article",
    ),
)  # fmt: skip
"""Those of ``/api/og-data``."""

PAGE_BY_NAME = by_name(PAGE_PARAMETERS)
