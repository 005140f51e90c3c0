"""
Requests that name their source in the path: what is said to its server, and what is ours.

The parameters of ``/api/cache/images`` are ours, by all their names, but for ``format`` at Twitter's, where that is
Twitter's own; there everything that is not ours is Twitter's, and reaches it as it was sent.
"""

import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes

from aiohttp import web
from msgspec.structs import replace

from imgsvc.errors import BadPath, InvalidRequest
from imgsvc.model.formats import FILE_EXTENSIONS
from imgsvc.model.spec import Output
from imgsvc.services.assets import ASSET_ID_PATTERN, Assets
from imgsvc.services.twitter import FOLDERS, Twitter
from imgsvc.web.given import collect
from imgsvc.web.layout import Hints
from imgsvc.web.parameters import PARAMETERS, Parameter, by_name, text_up_to, words
from imgsvc.web.params import ImageQuestion, question_about
from imgsvc.web.query import Pair, decode_query, split_query
from imgsvc.web.questions import Parse
from imgsvc.web.values import choice, text

MAX_PATH_CHARS = 1024

ASSET_PARAMETERS = tuple(parameter for parameter in PARAMETERS if parameter.name != "url")
"""All that ``/api/assets/{assetId}`` takes."""

TWITTER_PARAMETERS = tuple(
    replace(parameter, aliases=tuple(name for name in parameter.aliases if name != "format"))
    for parameter in ASSET_PARAMETERS
)
"""What is ours of all that ``/api/twitter-image/{path}`` takes."""

TWITTER_NAMES = (
    Parameter(
        "format", choice(dict.fromkeys(FILE_EXTENSIONS)), "the extension of an image format",
        "Twitter's: the format that is fetched.", schema=words(sorted(FILE_EXTENSIONS)),
    ),
    Parameter("name", text, "any text", "Twitter's: the size that is fetched.", example="large"),
)  # fmt: skip
"""What is known of Twitter's own."""

TWITTER_PATH = Parameter(
    "path", text, f"a path below {', '.join(FOLDERS)} that ends as a picture, unless format says which it is",
    "Where the picture is.", required=True, example="media/F1a2B3c4D5.jpg", max_chars=MAX_PATH_CHARS,
    schema=text_up_to(MAX_PATH_CHARS, f"(?:{'|'.join(FOLDERS)})/.+"),
)  # fmt: skip
ASSET_ID = Parameter(
    "assetId", text, "a UUID, with dashes or without", "Which asset.", required=True,
    schema=text_up_to(MAX_PATH_CHARS, ASSET_ID_PATTERN),
)  # fmt: skip

_NOT_OF_THE_ANSWER = frozenset(("sig", "exp", "tag", "forceRefresh", "v"))
"""What changes nothing about an asset: with these alone it is answered as it is."""

_URL_NAMES = frozenset(("url", "src"))
_OURS = by_name(ASSET_PARAMETERS)
_OURS_AT_TWITTER = by_name(TWITTER_PARAMETERS)
_TWITTERS = ("format", "name")

_ROUTE_SEGMENTS = 3
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# After one decoding "%" is an escape within an escape; servers have taken ";" for the end of a segment.
_NOT_IN_A_SEGMENT = re.compile(r"[/\\%;?#]")


def asset_questions(assets: Assets, *, width_ladder: bool) -> Parse:
    """
    Make what understands requests for assets; *width_ladder* as in :func:`imgsvc.web.questions.by_url`.

    Who asks for nothing in particular gets the original, and not what ``Accept`` would choose.
    """

    def parse(request: web.Request, hints: Hints) -> ImageQuestion:
        source = assets.source(request.match_info["assetId"])
        pairs = decode_query(request.rel_url.raw_query_string)
        given = collect(pairs, _OURS)
        if given.values.keys() <= _NOT_OF_THE_ANSWER:
            given = replace(given, values={**given.values, "f": Output.ORIGINAL})
        return question_about(source, pairs, given, hints, ladder=width_ladder)

    return parse


def twitter_questions(twitter: Twitter, *, width_ladder: bool) -> Parse:
    """Make what understands requests for pictures of Twitter's; *width_ladder* likewise."""

    def parse(request: web.Request, hints: Hints) -> ImageQuestion:
        raw_query = request.rel_url.raw_query_string
        pairs = decode_query(raw_query)
        # By its raw segments: what the router has decoded does not tell any more how it was spelt.
        raw_path = request.rel_url.raw_path.split("/", _ROUTE_SEGMENTS)[_ROUTE_SEGMENTS]
        path = read_path(raw_path, declared=_declared_format(pairs))
        source = twitter.source(path, _kept(raw_query, pairs))
        ours = tuple(pair for pair in pairs if pair.name in _OURS_AT_TWITTER or pair.name in _URL_NAMES)
        return question_about(source, pairs, collect(ours, _OURS_AT_TWITTER), hints, ladder=width_ladder)

    return parse


def read_path(raw: str, *, declared: bool) -> str:
    """
    Read the path of a picture of Twitter's.

    Args:
        raw: as sent, without a slash before it.
        declared: whether the query says which format is meant, so that the path's end need not.

    Returns:
        The same path in the one spelling in which it is asked for.

    Raises:
        BadPath: it is not UTF-8, percent-encoded once, or not below one of the three folders; it has segments that are
            empty, lead elsewhere, or do so for whoever decodes or folds once more; or it does not end as a picture.
    """
    if len(raw) > MAX_PATH_CHARS:
        raise BadPath(f"A path has at most {MAX_PATH_CHARS} characters.", param="path")
    folder, *names = [_segment(text) for text in raw.split("/")]
    if folder not in FOLDERS or not names:
        raise BadPath(
            f"A path begins with {', '.join(f'{name}/' for name in FOLDERS)} and names a picture.", param="path"
        )
    stem, _, extension = names[-1].rpartition(".")
    if not declared and not (stem and extension.lower() in FILE_EXTENSIONS):
        raise BadPath("A path ends in an image extension, or the query has format=.", param="path")
    return "/".join(quote(text, safe="-._~!$&'()*+,=:@") for text in (folder, *names))


def _segment(raw: str) -> str:
    """Decode a segment once, and let it pass if it is a name and nothing else, however it is looked at."""
    try:
        text = unquote_to_bytes(raw).decode()  # strict: an overlong form is not UTF-8
    except UnicodeDecodeError as error:
        raise _misspelt() from error
    folded = unicodedata.normalize("NFKC", text)  # a fullwidth dot or slash is one to some
    is_name = text.isprintable() and folded.strip(". ") and not _NOT_IN_A_SEGMENT.search(text + folded)
    if _BAD_ESCAPE.search(raw) or not is_name:
        raise _misspelt()
    return text


def _misspelt() -> BadPath:
    return BadPath(
        "A path is UTF-8, percent-encoded once, without empty or dot segments, backslashes and control characters.",
        param="path",
    )


def _declared_format(pairs: tuple[Pair, ...]) -> bool:
    """
    Tell whether the query says which format is meant.

    Raises:
        InvalidRequest: it says so in two ways, or names nothing that is a picture; or another parameter of Twitter's is
            given more than once, with different values.
    """
    said = {name: {pair.value for pair in pairs if pair.name == name} for name in _TWITTERS}
    for name, values in said.items():
        if len(values) > 1:
            raise InvalidRequest(f"{name} is given more than once, with different values.", param=name)
    formats = said["format"]
    if not all(value.lower() in FILE_EXTENSIONS for value in formats):
        raise InvalidRequest("format takes the extension of an image format, such as jpg.", param="format")
    return bool(formats)


def _kept(raw_query: str, pairs: tuple[Pair, ...]) -> str:
    """Give what of a query is the server's, byte for byte."""
    kept = (
        item
        for item, pair in zip(split_query(raw_query), pairs, strict=True)
        if pair.name not in _OURS_AT_TWITTER and pair.name not in _URL_NAMES
    )
    return "&".join(kept)
