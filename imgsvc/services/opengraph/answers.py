"""Questions about the picture that stands for something, and their answers."""

from dataclasses import dataclass, field

from msgspec import Struct

from imgsvc.errors import ImgsvcError
from imgsvc.model.source import Source
from imgsvc.model.spec import TransformSpec
from imgsvc.opengraph.cards import CardKind
from imgsvc.opengraph.profiles import Network
from imgsvc.services.answers import ImageRequest, Served


class Shared(Struct, frozen=True):
    """
    An answer; whoever gets it lets *served* go.

    Attributes:
        served: the picture.
        asked: what the spine was asked for it.
        fallback: why a card stands in for it; None = it is the picture.
        fresh_until: unix seconds, where something else than the bytes says how long they are the answer.
        size_px: of what the answer is made of, where that is known.
        url: where a page's picture was found.
    """

    served: Served
    asked: ImageRequest
    fallback: ImgsvcError | None = None
    fresh_until: float | None = None
    size_px: tuple[int, int] | None = None
    url: str | None = None


class LastShared(Struct, frozen=True):
    """
    How a question was answered the last time, for the path of a hit; it holds no bytes.

    Attributes:
        asked: what the spine was asked for.
        shared: the rest of the answer.
        until: unix seconds; later everything is looked at anew.
        purges: how many had been heard of until then.
    """

    asked: ImageRequest
    shared: tuple[ImgsvcError | None, float | None, tuple[int, int] | None, str | None]
    until: float
    purges: int


@dataclass(slots=True, kw_only=True, eq=False)
class ShareRequest:
    """
    One question; who asks the same again may use the same object, and is answered sooner.

    Attributes:
        source: a page, a picture or a stored object; a generated one for an asset, and where only a card is asked for.
        asset_id: of an asset; None = it is none.
        refusal: why it may not be fetched as a picture; None = it may.
        is_listed: whether fetches of it are without a limit.
        spec: what is asked of the picture, in normal form; its output AUTO unless one was named.
        network: whom it is for; None = anybody.
        kind: of the card that stands in for it.
        title: of that card; empty = the page's own.
        subtitle: likewise.
        last: the service's own.
    """

    source: Source
    asset_id: str | None = None
    refusal: ImgsvcError | None = None
    is_listed: bool = True
    spec: TransformSpec
    network: Network | None = None
    kind: CardKind = CardKind.OG_CARD
    title: str = ""
    subtitle: str = ""
    last: LastShared | None = field(default=None, repr=False)
