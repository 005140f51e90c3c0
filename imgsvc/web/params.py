"""From a query string and four headers to what is asked of which source; pure, so that callers may remember answers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from imgsvc.model.source import Source
from imgsvc.model.spec import Fit, Gravity, TransformSpec
from imgsvc.web.given import Given, collect
from imgsvc.web.layout import Hints, lay_out, lower_quality, snap_to_ladder
from imgsvc.web.negotiate import fold_accept
from imgsvc.web.parameters import BY_NAME
from imgsvc.web.query import Pair, decode_query
from imgsvc.web.sources import read_source

__all__ = ["Hints", "ImageQuestion", "parse_image_query", "question_about"]

WISHES_REMEMBERED = 1024
REMEMBERED_CHARS = 512
"""Of headers: longer ones are read each time. What is remembered stays at some four megabytes at the worst."""

_NOT_OF_PIXELS = frozenset(("url", "sig", "exp", "tag", "forceRefresh"))


class ImageQuestion(Struct, frozen=True):
    """
    One image request, understood.

    Attributes:
        source: where the picture comes from.
        spec: what is asked of it, in normal form.
        pairs: all parameters as sent, ``sig`` included, decoded once; what the signature is checked over.
        sig: the signature as sent, unchecked; None = unsigned.
        exp: unix seconds at which the signature ends.
        ignored: names not known, fit for a header.
        vary: names of the request headers that decided.
        tags: words by which the source can be purged, in order; who may give them is not decided here.
        refresh: whether the source shall be asked again; likewise.
    """

    source: Source
    spec: TransformSpec
    pairs: tuple[tuple[str, str], ...]
    sig: str | None
    exp: int | None
    ignored: tuple[str, ...]
    vary: tuple[str, ...]
    tags: tuple[str, ...] = ()
    refresh: bool = False


def parse_image_query(
    raw_query: str, hints: Hints, *, site_url: str | None = None, relative: bool = False, ladder: bool = False
) -> ImageQuestion:
    """
    Understand an image request.

    Args:
        raw_query: what follows the ``?``, still percent-encoded, exactly as the client sent it.
        hints: the headers that may decide.
        site_url: IMGSVC_SITE_URL, for relative sources.
        relative: whether the route takes them.
        ladder: IMGSVC_WIDTH_LADDER: sides of unsigned requests snap to the ladder's.

    Raises:
        InvalidRequest: with the parameter at fault, by the name the client used.
        ObjectNotFound: a store key where no pictures are.
    """
    pairs = decode_query(raw_query)
    given = collect(pairs, BY_NAME)
    name = given.names.get("url", "url")
    source = read_source(given.values.get("url"), param=name, site_url=site_url, relative=relative)
    return question_about(source, pairs, given, hints, ladder=ladder)


def question_about(
    source: Source, pairs: tuple[Pair, ...], given: Given, hints: Hints, *, ladder: bool
) -> ImageQuestion:
    """
    Understand what is asked of a source.

    Args:
        source: however it was named.
        pairs: all parameters as sent.
        given: what they say.
        hints: the headers that may decide.
        ladder: as in :func:`parse_image_query`.
    """
    values = given.values
    wish = tuple([pair for pair in values.items() if pair[0] not in _NOT_OF_PIXELS])
    meaning = _known_meaning if hints.chars <= REMEMBERED_CHARS else _meaning
    spec, vary = meaning(wish, hints, ladder=ladder and "sig" not in values)
    return ImageQuestion(
        source=source,
        spec=spec,
        pairs=tuple([(pair.name, pair.value) for pair in pairs]),
        sig=values.get("sig"),
        exp=values.get("exp"),
        ignored=given.ignored,
        vary=vary,
        tags=values.get("tag", ()),
        refresh=values.get("forceRefresh", False),
    )


def _meaning(wish: tuple[tuple[str, Any], ...], hints: Hints, *, ladder: bool) -> tuple[TransformSpec, tuple[str, ...]]:
    """Bring parameters and headers together; only a header that changed something is named."""
    values = dict(wish)
    asked = as_asked(values, hints.accept).normalised()
    vary = ["Accept"] if asked.output.is_auto and not asked.is_json else []
    spec, decided = lay_out(asked, values.get("dpr"), hints)
    if ladder:
        spec = snap_to_ladder(spec)
    spec = spec.normalised()
    if hints.saves_data() and (lowered := lower_quality(spec)) != spec:
        return lowered, (*vary, *decided, "Save-Data")
    return spec, (*vary, *decided)


# Pages ask for many pictures in few ways.
_known_meaning = lru_cache(WISHES_REMEMBERED)(_meaning)


def as_asked(values: Mapping[str, Any], accept: str) -> TransformSpec:
    """Name the parameters as the model does; the sides are still CSS pixels."""
    gravity, focus = values.get("g", (Gravity.CENTRE, None))
    return TransformSpec(
        output=values.get("f") or fold_accept(accept),
        width=values.get("w"),
        height=values.get("h"),
        fit=values.get("fit", Fit.INSIDE),
        enlarge=values.get("enlarge", False),
        gravity=gravity,
        focus=focus,
        background=values.get("bg"),
        quality=values.get("q"),
        blur=values.get("blur"),
        sharpen=values.get("sharpen"),
        rotate=values.get("rotate", 0),
        flip=values.get("flip", False),
        flop=values.get("flop", False),
        trim=values.get("trim"),
        greyscale=values.get("greyscale", False),
        animate=values.get("anim", True),
        placeholder=values.get("placeholder"),
        version=values.get("v"),
    )
