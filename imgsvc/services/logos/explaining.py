"""A search explained: every candidate, what it was promised to be and is, its points, and which was chosen."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from imgsvc.logos.score import Score, asked_bucket, rank
from imgsvc.model.look import Theme
from imgsvc.services.logos.answers import Subject
from imgsvc.services.logos.record import LogoRecord

ExplainedCandidate = TypedDict(
    "ExplainedCandidate",
    {
        "url": str,
        "source": str,
        "class": str,
        "declared_size": int | None,
        "declared_type": str | None,
        "purpose": list[str],
        "scheme": str | None,
        "width": float | None,
        "height": float | None,
        "format": str | None,
        "score": float | None,
        "points": dict[str, float],
        "rejected": str | None,
        "chosen": bool,
    },
)
ExplainedCandidate.__doc__ = "One picture that might have been the logo."


class Explanation(TypedDict):
    """
    A search, told.

    Attributes:
        domain: whose logo was wanted; null where a company has no known one.
        size: side that it shall fill, px.
        theme: of the page it shall be shown on; null = any.
        chosen: URL of the logo; null = there is none.
        searched: time of the search (RFC 3339); null = there was nothing to search.
        fresh_until: when it may be made again, likewise.
        candidates: the best first.
    """

    domain: str | None
    size: int
    theme: str | None
    chosen: str | None
    searched: str | None
    fresh_until: str | None
    candidates: list[ExplainedCandidate]


@dataclass(frozen=True, slots=True)
class Explained:
    """
    A search, told.

    Attributes:
        fresh_until: unix seconds: when it may be made again.
        facts: for JSON: its domain, times, and every candidate with what speaks for and against it.
    """

    fresh_until: float
    facts: Explanation


def explained(subject: Subject, record: LogoRecord | None, size_px: int, theme: Theme | None = None) -> Explanation:
    """
    Write down a search for JSON.

    Args:
        subject: whose logo was wanted.
        record: what is known; None = there was nothing to search.
        size_px: side that it shall fill.
        theme: of the page it shall be shown on; None = any.
    """
    domain = subject.domain
    answer: Explanation = {
        "domain": None if domain is None else domain.host,
        "size": size_px,
        "theme": None if theme is None else theme.value,
        "chosen": None,
        "searched": None,
        "fresh_until": None,
        "candidates": [],
    }
    if record is None:
        return answer
    best = record.best(asked_bucket(size_px), theme)
    ranked = rank([entry.measured for entry in record.entries], asked_bucket(size_px), theme)
    chosen = None if best is None else best.measured
    return answer | {
        "chosen": None if chosen is None else chosen.candidate.url,
        "searched": _time(record.fetched_at),
        "fresh_until": _time(record.fresh_until),
        "candidates": [_candidate(score, is_chosen=score.measured == chosen) for score in ranked],
    }


def _candidate(score: Score, *, is_chosen: bool) -> ExplainedCandidate:
    measured = score.measured
    candidate, reason = measured.candidate, measured.reason
    return {
        "url": candidate.url,
        "source": candidate.source.value,
        "class": candidate.trust.name.lower().replace("_", "-"),
        "declared_size": candidate.declared_px,
        "declared_type": candidate.declared_type,
        "purpose": sorted(candidate.purposes),
        "scheme": None if candidate.scheme is None else candidate.scheme.value,
        "width": measured.width_px or None,
        "height": measured.height_px or None,
        "format": None if measured.format is None else measured.format.value,
        "score": None if reason else score.total,
        "points": {name: round(points, 1) for name, points in score.points},
        "rejected": None if reason is None else reason.value,
        "chosen": is_chosen,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
