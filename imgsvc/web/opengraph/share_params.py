"""From a query and ``Accept`` to the share picture that is wanted."""

from msgspec import Struct

from imgsvc.errors import InvalidRequest, ObjectNotFound
from imgsvc.model.source import Source
from imgsvc.model.spec import TransformSpec
from imgsvc.opengraph.cards import CardKind
from imgsvc.opengraph.profiles import Network
from imgsvc.services.assets import canonical_id
from imgsvc.web.given import Given, collect
from imgsvc.web.opengraph.parameters import SHARE_BY_NAME
from imgsvc.web.params import as_asked
from imgsvc.web.query import decode_query
from imgsvc.web.sources import read_asset_id, read_source

ONLY_A_CARD = Source.generated("card")
"""Stands for the page of a card that belongs to none."""

_BARE_KEY = "images/"


class ShareQuestion(Struct, frozen=True, kw_only=True):
    """
    One request for a share picture, understood.

    Attributes:
        source: a page, a picture or a stored object; :data:`ONLY_A_CARD` = none of them.
        missing: why there is none, where a key was named that no picture can have.
        asset_id: of an asset, in normal form.
        spec: what is asked of the picture.
        network: whom it is for; None = anybody.
        kind: of the card that may stand in.
        title: of that card; empty = the page's own.
        subtitle: likewise.
        pairs: all parameters as sent, decoded once; what a signature is checked over.
        is_signed: whether one is among them.
        ignored: names not known, fit for a header.
        vary: names of the request headers that decided.
    """

    source: Source
    missing: ObjectNotFound | None
    asset_id: str | None
    spec: TransformSpec
    network: Network | None
    kind: CardKind
    title: str
    subtitle: str
    pairs: tuple[tuple[str, str], ...]
    is_signed: bool
    ignored: tuple[str, ...]
    vary: tuple[str, ...]


def parse_share_query(raw_query: str, accept: str) -> ShareQuestion:
    """
    Understand a request.

    Args:
        raw_query: what follows the ``?``, still percent-encoded, exactly as the client sent it.
        accept: the header, or empty.

    Raises:
        InvalidRequest: with the parameter at fault, by the name the client used.
    """
    pairs = decode_query(raw_query)
    given = collect(pairs, SHARE_BY_NAME)
    values = given.values
    network = values.get("for")
    spec = as_asked(values, accept).normalised()
    asset_id = _asset_id(given)
    source, missing = _source(given) if asset_id is None else (ONLY_A_CARD, None)
    return ShareQuestion(
        source=source,
        missing=missing,
        asset_id=asset_id,
        spec=spec,
        network=network,
        kind=values.get("kind", CardKind.OG_CARD),
        title=values.get("title", "").strip(),
        subtitle=values.get("subtitle", "").strip(),
        pairs=tuple((pair.name, pair.value) for pair in pairs),
        is_signed="sig" in values,
        ignored=given.ignored,
        vary=("Accept",) if network is None and spec.output.is_auto else (),
    )


def _asset_id(given: Given) -> str | None:
    if "assetId" not in given.values:
        return read_asset_id(given.values.get("url", ""), param=given.names.get("url", "url"))
    if "url" in given.values:
        raise InvalidRequest("Name url or assetId, not both.", param="assetId")
    return canonical_id(given.values["assetId"])


def _source(given: Given) -> tuple[Source, ObjectNotFound | None]:
    """Read what is named; a key where no pictures are is no bad request, for a card can stand in."""
    if "url" not in given.values and given.values.get("title", "").strip():
        return ONLY_A_CARD, None
    text = given.values.get("url", "")
    if text.startswith(_BARE_KEY):
        text = f"s3://{text}"
    try:
        return read_source(text, param=given.names.get("url", "url")), None
    except ObjectNotFound as error:
        return ONLY_A_CARD, error.with_traceback(None)
