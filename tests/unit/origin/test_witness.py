"""Which endings of a request are the source's success, its failure, or none of both."""

import pytest

from imgsvc.errors import CircuitOpen
from imgsvc.origin.breaker import FAILURES_TO_OPEN, Breaker
from imgsvc.origin.connector import Attempt
from imgsvc.origin.policy import Hop
from imgsvc.origin.witness import Witness


@pytest.fixture
def breaker() -> Breaker:
    """A breaker that is one failure away from leaving a.test alone."""
    breaker = Breaker(clock=lambda: 0.0)
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker.failed(breaker.admit("a.test"))
    return breaker


def attempt(host: str = "a.test", *, queued: bool = False) -> Attempt:
    return Attempt(Hop("https", host, 443, demo=False), queued=queued)


def verdict(breaker: Breaker) -> str:
    """Tell what was said of a.test, by what one more failure does."""
    if breaker.left_seconds("a.test"):
        return "failure"
    breaker.failed(breaker.admit("a.test"))
    return "nothing" if breaker.left_seconds("a.test") else "success"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, "success"), (304, "success"), (400, "success"), (404, "success"), (410, "success"), (429, "success"),
        (204, "success"), (206, "success"), (499, "success"), (500, "failure"), (503, "failure"), (599, "failure"),
        (200, "nothing"), (203, "nothing"),
    ],
)  # fmt: skip
def test_statuses(breaker, status, expected):
    """A complete answer is a success whatever it says, a server's own error a failure; a body must come first."""
    witness = Witness(breaker)
    witness.begins(attempt())
    witness.answered(status)
    assert verdict(breaker) == expected


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("ok", "success"), ("OriginTimeout", "failure"), ("OriginUnreachable", "failure"),
        ("OriginUnresolvable", "nothing"), ("abandoned", "nothing"), ("cancelled", "nothing"),
        ("AddressNotPublic", "nothing"), ("SourceNotAllowed", "nothing"), ("SourceTooLarge", "nothing"),
        ("Draining", "nothing"), ("ValueError", "nothing"),
    ],
)  # fmt: skip
def test_endings(breaker, outcome, expected):
    """A body that came whole is a success; of other endings only what the source has done is a failure."""
    witness = Witness(breaker)
    witness.begins(attempt())
    witness.answered(200)
    witness.ended(outcome)
    assert verdict(breaker) == expected


@pytest.mark.parametrize(("outcome", "expected"), [("OriginTimeout", "nothing"), ("OriginUnreachable", "failure")])
def test_our_own_queue(breaker, outcome, expected):
    """Who waited for one of our own connections had less time than is due: a time-out then says nothing."""
    witness = Witness(breaker)
    witness.begins(attempt(queued=True))
    witness.ended(outcome)
    assert verdict(breaker) == expected


def test_each_hop_is_judged_once(breaker):
    """What becomes of a redirect's target says nothing more of the host that redirects."""
    witness = Witness(breaker)
    witness.begins(attempt())
    witness.answered(302)
    witness.ended("OriginUnreachable")
    assert breaker.statistics().domains == 0

    witness.begins(attempt("b.test"))
    witness.ended("OriginUnreachable")
    witness.ended("OriginUnreachable")
    assert breaker.statistics().domains == 1


def test_before_the_first_hop(breaker):
    """A fetch that ends before anything was sent says nothing, and neither does one that was not let through."""
    witness = Witness(breaker)
    witness.ended("OriginTimeout")
    assert verdict(breaker) == "nothing"

    with pytest.raises(CircuitOpen):
        witness.begins(attempt())
    witness.ended("OriginTimeout")
    assert breaker.statistics().opened == 1
