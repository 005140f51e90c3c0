"""Answers of our own routes that are JSON, as JSON has them."""

from typing import Literal, NotRequired, TypedDict

NO_STORE = {"Cache-Control": "no-store"}
"""Headers of an answer that tells of one moment, or of what one client did."""


class Live(TypedDict):
    """The loop runs."""

    status: Literal["live"]


class Removed(TypedDict):
    """
    What was removed.

    Attributes:
        removed: stored objects deleted.
    """

    removed: int


class Purged(TypedDict):
    """
    What was purged.

    Attributes:
        purged: how many things were named, each counted once.
        mode: whether they are stale, or gone.
    """

    purged: int
    mode: Literal["soft", "hard"]


class VerdictAnswer(TypedDict):
    """
    Whether a picture is one of those that stand for any site; what says nothing is left out.

    Attributes:
        isGlobeIcon: whether it is.
        reason: what gave it away: ``digest``, ``hash``, ``pixels`` or ``blank``.
        confidence: how sure that is, 0–1.
        similarity: to what it was recognised as, 0–1.
        matched: name of what it was recognised as.
    """

    isGlobeIcon: bool
    reason: NotRequired[str]
    confidence: NotRequired[float]
    similarity: NotRequired[float]
    matched: NotRequired[str]


class RecentRequest(TypedDict):
    """
    One request of the past.

    Attributes:
        time: unix seconds at which its answer was there.
        method: of HTTP.
        status: of the answer.
        route: as the document names it; ``unknown`` where there is none.
        tier: how far it had to go; null = it asked for no picture.
        cache: whether the picture was there; null likewise.
        ms: how long it took.
        bytes: of the body, as sent.
        request_id: as in ``X-Request-Id``.
        source: URL without its query, or a site's host; null = none was named.
    """

    time: float
    method: str
    status: int
    route: str
    tier: str | None
    cache: str | None
    ms: float
    bytes: int
    request_id: str | None
    source: str | None


class RecentAnswer(TypedDict):
    """The last requests, the latest first."""

    requests: list[RecentRequest]


class ProblemDocument(TypedDict):
    """
    An error (RFC 9457).

    Attributes:
        type: always ``about:blank``: ``code`` says what is meant.
        title: the status' phrase.
        status: of HTTP.
        detail: one sentence for a person.
        code: stable.
        request_id: as in ``X-Request-Id``; the log has it too.
        param: the parameter at fault, by the name the client used.
    """

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    param: NotRequired[str]
