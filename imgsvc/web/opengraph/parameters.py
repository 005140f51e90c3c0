"""The parameters of ``/api/og-image``; entries that mean the same as for pictures are the same."""

from imgsvc.opengraph.cards import CardKind
from imgsvc.opengraph.profiles import Network
from imgsvc.web import values
from imgsvc.web.parameters import BY_NAME, Parameter, by_name, choice

MAX_TITLE_CHARS = 500

_OUTPUTS = {word: output for word, output in values.OUTPUTS.items() if word != "json"}


def _text(name: str, help_: str) -> Parameter:
    return Parameter(
        name, values.text, f"at most {MAX_TITLE_CHARS} characters", help_,
        schema={"type": "string", "maxLength": MAX_TITLE_CHARS}, max_chars=MAX_TITLE_CHARS,
    )  # fmt: skip


PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "url", values.text, "an http or https URL, a store key or an asset",
        "A page, a picture, a stored object or an asset.", ("src",), BY_NAME["url"].schema, BY_NAME["url"].max_chars,
    ),
    _text("assetId", "An asset, by its UUID."),
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
