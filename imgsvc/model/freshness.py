"""How long a source's answer may be used, from its own headers (RFC 9111 §4.2), clamped by the operator."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_tz

from msgspec import Struct

# The three forms of a date begin with a day's name; the parser alone would take far more.
_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*[0-9]{2}:[0-9]{2}:[0-9]{2}(?: GMT| [0-9]{4})\Z")

STALE_WHILE_REVALIDATE_SECONDS = 86400
"""For so long after its lifetime a picture is answered at once, and its source asked behind (RFC 5861 §3)."""

STALE_IF_ERROR_SECONDS = 604800
"""For so long after its lifetime the last good picture stands in for a source that fails (RFC 5861 §4)."""

AHEAD_SECONDS = 60.0
"""How far a moment may lie ahead, for replicas' clocks differ and are put back, before it counts as nonsense."""

NEVER_SHARED = frozenset(("no-store", "private"))


class Freshness(Struct, frozen=True):
    """
    A verdict on one answer of a source.

    Attributes:
        lifetime_seconds: from now on, already clamped.
        shareable: False for ``no-store`` and ``private``: one client may have it, nobody may keep it.
    """

    lifetime_seconds: int
    shareable: bool = True


def judge(
    *, cache_control: str | None, expires: str | None, date: str | None, age: str | None, now: float,
    min_ttl_seconds: int, max_ttl_seconds: int,
) -> Freshness:  # fmt: skip
    """
    Decide how long an answer is fresh.

    ``s-maxage`` goes before ``max-age`` before ``Expires`` minus ``Date``; ``no-cache`` counts as 0; a source that
    says nothing gets the minimum. The answer's own ``Age`` is taken off before the clamp.
    """
    directives = parse_cache_control(cache_control or "")
    declared = _declared_seconds(directives, expires, date, now) - (_seconds(age) or 0)
    clamped = min(max(declared, min_ttl_seconds), max_ttl_seconds)
    return Freshness(clamped, shareable=NEVER_SHARED.isdisjoint(directives))


def may_be_kept(cache_control: str | None) -> bool:
    """Whether an answer may be kept and given to others, as :attr:`Freshness.shareable` says."""
    return NEVER_SHARED.isdisjoint(parse_cache_control(cache_control or ""))


def is_fresh_at(now: float, fetched_at: float, fresh_until: float) -> bool:
    """Whether what was fetched at *fetched_at* is fresh (all unix seconds); a time still to come is no answer's."""
    return fetched_at - AHEAD_SECONDS <= now < fresh_until


def parse_cache_control(text: str) -> dict[str, str]:
    """Split a Cache-Control field into lower-case directives; the first of equal ones counts (RFC 9111 §4.2.1)."""
    directives: dict[str, str] = {}
    for item in text.split(","):
        name, _, value = item.strip().partition("=")
        if name:
            directives.setdefault(name.strip().lower(), value.strip().strip('"'))
    return directives


def http_date(text: str | None) -> int | None:
    """Read a date in one of HTTP's three forms (RFC 9110 §5.6.7) as unix seconds; None when there is none."""
    parsed = parsedate_tz(text.strip()) if text and _DATE.match(text.strip()) else None
    if parsed is None:
        return None
    try:
        # HTTP knows no zone but GMT, and asctime's form does not name it.
        return int(datetime(*parsed[:6], tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def modified_at(last_modified: str | None, fetched_at: int) -> int:
    """
    Say since when a source has been as it is, in unix seconds.

    Args:
        last_modified: the source's word.
        fetched_at: stands in where there is no such word, it makes no sense, or is of the future.
    """
    said = http_date(last_modified)
    return fetched_at if said is None else min(said, fetched_at)


def _declared_seconds(directives: dict[str, str], expires: str | None, date: str | None, now: float) -> int:
    if "no-cache" in directives:
        return 0
    for name in ("s-maxage", "max-age"):
        if (seconds := _seconds(directives.get(name))) is not None:
            return seconds
    until = http_date(expires)
    return until - (http_date(date) or int(now)) if until is not None else 0


def _seconds(text: str | None) -> int | None:
    """Read delta-seconds; more digits than a century needs are read as "for ever" (RFC 9111 §1.2.2)."""
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:12]), 2**31)
