"""Answers of our own routes that are JSON, as JSON has them."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict


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
