"""Headers of requests and answers, as tables."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from imgsvc.services.answers import Tier
from imgsvc.services.refreshes import Refresh
from imgsvc.web.header_names import COLOUR_SCHEME
from imgsvc.web.parameters import words

SYSTEM_STATUSES = ("HEALTHY", "MEMORY_WARNING", "MEMORY_CRITICAL")

_TEXT: Mapping[str, Any] = {"type": "string"}
_DIGITS: Mapping[str, Any] = {"type": "integer", "minimum": 0}
_TRUTH = words(("true", "false"))
_BIT = words(("0", "1"))
_SHARE: Mapping[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
_CONTRAST: Mapping[str, Any] = {"type": "number", "minimum": 1, "maximum": 21}
_HIT = words(("HIT", "MISS", "STALE"))


class Header(Struct, frozen=True):
    """
    A header.

    Attributes:
        name: as it is sent.
        help: one sentence; code between backquotes.
        schema: of its value.
        always: whether an answer that may have it always has it.
        example: a value to try, of a request's.
    """

    name: str
    help: str
    schema: Mapping[str, Any] = field(default_factory=lambda: _TEXT)
    always: bool = False
    example: str = ""


def _table(*headers: Header) -> Mapping[str, Header]:
    return {header.name: header for header in headers}


REQUEST_HEADERS = _table(
    Header("If-None-Match", "Entity tags the client has; goes before `If-Modified-Since`."),
    Header("If-Modified-Since", "Time of what the client has (RFC 9110 §5.6.7)."),
    Header("Range", "One range of bytes; several are answered with the whole.", example="bytes=0-1023"),
    Header("If-Range", "The range counts only for the representation with this strong tag or exact time."),
    Header("Save-Data", "`on` lowers the quality by 20.", example="on"),
    Header("Sec-CH-DPR", "Device pixels per CSS pixel; stands in for `dpr`.", example="2"),
    Header("Sec-CH-Width", "Width in device pixels; stands in for `w` where neither side is given.", example="640"),
    Header(COLOUR_SCHEME, "`dark` or `light`; decides on `theme=auto`.", example="dark"),
    Header("X-Request-Id", "Name of the request, 1 to 128 of `A-Z a-z 0-9 . _ -`; anything else is replaced."),
)
"""Those that may decide. `Accept` and `Authorization` are no parameters in OpenAPI."""

RESPONSE_HEADERS = _table(
    Header("X-Request-Id", "The client's, if it is fit, else a new one.", always=True),
    Header("X-System-Status", "How this process stands for memory.", words(SYSTEM_STATUSES), always=True),
    Header("Cache-Control", "How long the answer may be kept, and stale.", always=True),
    Header("ETag", "Of these bytes, strong; none while a large picture streams for the first time."),
    Header("Last-Modified", "The source's, else the time of the fetch.", always=True),
    Header("Content-Range", "Which bytes of how many."),
    Header("Location", "Where the CDN has the picture.", always=True),
    Header("Content-Location", "Where the CDN has the same picture."),
    Header("Vary", "Names of the request headers that decided."),
    Header("Accept-Ranges", "`bytes`.", words(("bytes",)), always=True),
    Header("Age", "Seconds since the fetch, when served from a cache.", _DIGITS),
    Header("Cache-Status", "What each tier did (RFC 9211).", always=True),
    Header("X-Cache", "Whether exactly these bytes existed before.", _HIT, always=True),
    Header("X-Nextjs-Cache", "The same as `X-Cache`.", _HIT, always=True),
    Header("X-Source", "How far the request had to go.", words(tier.value for tier in Tier), always=True),
    Header("Server-Timing", "How long each thing took that happened, in ms.", always=True),
    Header("Cache-Tag", "Words by which caches in front can purge the answer, with commas between.", always=True),
    Header("Surrogate-Key", "The same, with spaces between.", always=True),
    Header("X-Content-Type-Options", "`nosniff`.", words(("nosniff",)), always=True),
    Header("Content-Security-Policy", "What the answer may do when it is opened as a document.", always=True),
    Header("Cross-Origin-Resource-Policy", "Who may show it.", words(("cross-origin", "same-origin")), always=True),
    Header("Cross-Origin-Opener-Policy", "`same-origin`.", words(("same-origin",)), always=True),
    Header("Referrer-Policy", "`no-referrer`.", words(("no-referrer",)), always=True),
    Header("Content-Encoding", "`gzip`, where `Accept-Encoding` lets it.", words(("gzip",))),
    Header("Timing-Allow-Origin", "`*`.", words(("*",)), always=True),
    Header("Content-Disposition", "`inline`, with a safe file name.", always=True),
    Header("Link", '`<source>; rel="canonical"`, where there is a source that anybody can ask for.'),
    Header("X-Ignored-Params", "Names of parameters that there are not, or that did not count."),
    Header("X-Degraded", "What had to be left away.", words(("frames",))),
    Header("X-Refresh", "What became of `forceRefresh`.", words(refresh.value for refresh in Refresh)),
    Header("Accept-CH", "Client hints that the browser shall send."),
    Header("Critical-CH", "Those that it shall send for the first answer already."),
    Header("X-Logo-Source", "How the logo was found, or what stands in for it.", always=True),
    Header("X-Logo-Domain", "Whose it is, where a domain is known."),
    Header("X-Logo-Fallback", "`1` where something stands in.", _BIT, always=True),
    Header("X-Needs-Inversion", "`true` where it does not read on the page.", _TRUTH),
    Header("X-Logo-Inverted", "`1` where it was adapted to the page.", _BIT),
    Header("X-Has-Transparency", "`true` where the page shows through.", _TRUTH),
    Header("X-Brightness", "Mean relative luminance of what is visible.", _SHARE),
    Header("X-Logo-Contrast-Light", "WCAG contrast of the outline on a light page.", _CONTRAST),
    Header("X-Logo-Contrast-Dark", "The same on a dark page.", _CONTRAST),
    Header("X-Image-Width", "In px, for `og:image:width`.", _DIGITS),
    Header("X-Image-Height", "In px, for `og:image:height`.", _DIGITS),
    Header("X-Fallback", "The problem code of why a card stands in."),
    Header("Retry-After", "Seconds after which asking again may help (RFC 9110 §10.2.3).", _DIGITS),
    Header("WWW-Authenticate", "`Bearer`.", words(("Bearer",)), always=True),
    Header("RateLimit-Limit", "How many may be asked for in one period.", _DIGITS, always=True),
    Header("RateLimit-Remaining", "How many of them are left.", _DIGITS, always=True),
    Header("RateLimit-Reset", "Seconds until all of them are there again.", _DIGITS, always=True),
)
"""Those that say something of an answer beside what HTTP itself needs."""

EVERYWHERE = ("X-Request-Id", "X-System-Status")

_SAFE = (
    "X-Content-Type-Options", "Content-Security-Policy", "Cross-Origin-Resource-Policy", "Timing-Allow-Origin",
)  # fmt: skip
_TIERS = ("Cache-Status", "X-Cache", "X-Source", "Server-Timing", "Age")
KEPT = (
    "Cache-Control", "ETag", "Last-Modified", "Vary", "Accept-Ranges", *_TIERS, *_SAFE, "Content-Disposition", "Link",
    "Cache-Tag", "Surrogate-Key", "X-Ignored-Params",
)  # fmt: skip
"""Of every answer that is kept: pictures, and what is said of pages."""

PICTURE = (*KEPT, "Content-Location", "X-Degraded")
LOOK = (
    "X-Needs-Inversion", "X-Logo-Inverted", "X-Has-Transparency", "X-Brightness", "X-Logo-Contrast-Light",
    "X-Logo-Contrast-Dark",
)  # fmt: skip
LOGO = (*PICTURE, "X-Logo-Source", "X-Logo-Domain", "X-Logo-Fallback", "X-Refresh", "Accept-CH", "Critical-CH", *LOOK)

CONDITIONS = ("If-None-Match", "If-Modified-Since", "Range", "If-Range")
