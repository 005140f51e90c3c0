"""When a domain is left alone, for how long, and what ends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import CircuitOpen
from imgsvc.model.domains import Domains
from imgsvc.origin.breaker import FAILURES_TO_OPEN, MAX_DOMAINS, MAX_OPEN_SECONDS, Breaker

HOST = "img.dead.test"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def domains() -> Domains:
    return Domains()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(domains, clock) -> Breaker:
    return Breaker(domains, clock=clock)


def fail(breaker: Breaker, host: str = HOST, times: int = FAILURES_TO_OPEN) -> None:
    for _ in range(times):
        breaker.failed(breaker.admit(host))


def test_opens_after_five_failures_in_a_row(breaker):
    """Four failures change nothing, the fifth leaves the domain alone for a minute."""
    fail(breaker, times=4)
    assert breaker.left_seconds(HOST) == 0
    fail(breaker, times=1)
    assert breaker.left_seconds(HOST) == 60

    with pytest.raises(CircuitOpen, match="left alone") as caught:
        breaker.admit(HOST)
    assert (caught.value.param, caught.value.retry_after_seconds) == ("url", 60)


def test_a_success_between(breaker):
    """Failures with a success between them are none in a row."""
    for _ in range(3):
        fail(breaker, times=4)
        breaker.succeeded(breaker.admit(HOST))
    assert breaker.left_seconds(HOST) == 0
    assert breaker.statistics().domains == 0


def test_hosts_of_one_domain(breaker):
    """All hosts of a registrable domain count together; a domain that merely sounds alike does not, nor an address."""
    for n in range(FAILURES_TO_OPEN):
        fail(breaker, f"{n}.dead.test", times=1)

    assert breaker.left_seconds("other.dead.test") == breaker.left_seconds("dead.test") == 60
    for host in ("undead.test", "dead.test.example", "test", "dead.example", "1.2.3.4"):
        assert breaker.left_seconds(host) == 0
    fail(breaker, "a.github.io")
    assert breaker.left_seconds("a.github.io") == 60
    assert breaker.left_seconds("b.github.io") == 0


def test_without_domains(clock):
    """A breaker that knows no domains takes each host for one."""
    breaker = Breaker(clock=clock)
    fail(breaker, "a.dead.test")
    assert breaker.left_seconds("a.dead.test") == 60
    assert breaker.left_seconds("b.dead.test") == 0


def test_rest_of_the_time(breaker, clock):
    """What is left is told, in whole seconds rounded up to a client, until requests pass again."""
    fail(breaker)
    clock.now += 20.5
    assert breaker.left_seconds(HOST) == 39.5
    with pytest.raises(CircuitOpen) as caught:
        breaker.admit(HOST)
    assert caught.value.retry_after_seconds == 40
    clock.now += 39.5
    assert breaker.left_seconds(HOST) == 0
    breaker.admit(HOST)


def test_doubling(breaker, clock):
    """Each further opening, by one failure now, is for twice as long, half an hour at the most."""
    fail(breaker)
    times = [breaker.left_seconds(HOST)]
    for _ in range(7):
        clock.now += times[-1]
        fail(breaker, times=1)
        times.append(breaker.left_seconds(HOST))
    assert times == [60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_a_success_forgets_the_doubling(breaker, clock):
    """A domain that is well again starts anew: five failures, a minute."""
    fail(breaker)
    clock.now += 60
    fail(breaker, times=1)
    clock.now += 120
    breaker.succeeded(breaker.admit(HOST))

    fail(breaker, times=4)
    assert breaker.left_seconds(HOST) == 0
    fail(breaker, times=1)
    assert breaker.left_seconds(HOST) == 60


@pytest.mark.parametrize("later_seconds", [0, 30, 61, 10_000])
def test_ends_of_requests_begun_before_the_opening(breaker, clock, later_seconds):
    """However late, their failures neither count nor double, and their successes do not close it."""
    old = [breaker.admit(HOST) for _ in range(6)]
    clock.now += 1
    fail(breaker)
    clock.now += later_seconds
    before = breaker.left_seconds(HOST)
    for trial in old[:3]:
        breaker.failed(trial)
    for trial in old[3:]:
        breaker.succeeded(trial)

    assert breaker.left_seconds(HOST) == before == max(0, 60 - later_seconds)
    clock.now += before
    fail(breaker, times=1)
    assert breaker.left_seconds(HOST) == 120


def test_the_first_to_end_decides(breaker, clock):
    """Of requests that pass together when the time is over, the first to end decides, and the others say nothing."""
    fail(breaker)
    clock.now += 60
    first, second, third = (breaker.admit(HOST) for _ in range(3))
    clock.now += 1
    breaker.failed(first)
    breaker.failed(second)
    breaker.succeeded(third)
    assert breaker.left_seconds(HOST) == 120

    clock.now += 120
    first, second = breaker.admit(HOST), breaker.admit(HOST)
    breaker.succeeded(first)
    breaker.failed(second)
    assert breaker.left_seconds(HOST) == 0


def test_asking_changes_nothing(breaker, clock):
    """Asking is free: not counted, not remembered, and no leave to send anything."""
    fail(breaker)
    before = breaker.statistics()
    for host in (HOST, "other.test"):
        breaker.left_seconds(host)
    assert breaker.statistics() == before

    clock.now += 60
    for _ in range(10):
        assert breaker.left_seconds(HOST) == 0
    fail(breaker, times=1)
    assert breaker.left_seconds(HOST) == 120


def test_statistics(breaker, clock):
    """State and counters say what has happened."""
    fail(breaker)
    fail(breaker, "other.test", times=1)
    for _ in range(3):
        with pytest.raises(CircuitOpen):
            breaker.admit(HOST)
    statistics = breaker.statistics()
    assert (statistics.domains, statistics.open, statistics.refused) == (2, 1, 3)
    assert (statistics.opened, statistics.closed) == (1, 0)

    clock.now += 60
    assert breaker.statistics().open == 0
    breaker.succeeded(breaker.admit(HOST))
    breaker.succeeded(breaker.admit("other.test"))
    statistics = breaker.statistics()
    assert (statistics.domains, statistics.opened, statistics.closed) == (0, 1, 1)


class TestBounds:
    """Many domains that fail."""

    def test_those_that_have_not_failed_for_the_longest_go_first(self, clock):
        """Room is made by forgetting who is not open and failed the longest ago."""
        breaker = Breaker(clock=clock)
        fail(breaker, "a.test", times=4)
        fail(breaker, "b.test", times=4)
        for n in range(MAX_DOMAINS - 2):
            fail(breaker, f"{n}.test", times=1)
        breaker.failed(breaker.admit("b.test"))
        fail(breaker, "new.test", times=1)

        assert breaker.statistics().domains == MAX_DOMAINS
        assert breaker.left_seconds("b.test") == 60
        fail(breaker, "a.test", times=1)
        assert breaker.left_seconds("a.test") == 0

    def test_open_ones_stay(self, clock):
        """An open domain stays, however many others fail meanwhile; once its time is over it is like the others."""
        breaker = Breaker(clock=clock)
        fail(breaker, "open.test")
        for n in range(2 * MAX_DOMAINS):
            fail(breaker, f"{n}.test", times=1)
        assert breaker.left_seconds("open.test") == 60

        clock.now += 60
        fail(breaker, "new.test", times=1)
        fail(breaker, "open.test", times=1)
        assert breaker.left_seconds("open.test") == 0

    def test_all_open(self, clock):
        """When all are open, the one that was opened first makes room, so that a new one can be opened too."""
        breaker = Breaker(clock=clock)
        for n in range(MAX_DOMAINS):
            fail(breaker, f"{n}.test")
        fail(breaker, "new.test")

        assert breaker.statistics().open == MAX_DOMAINS
        assert breaker.left_seconds("new.test") == 60
        assert breaker.left_seconds("0.test") == 0


@given(st.lists(st.tuples(st.sampled_from(["fail", "succeed", "hold", "release"]), st.floats(0, 2000)), max_size=80))
def test_any_history(events):
    """Whatever happens in whatever order, nobody is refused without five failures, nor for longer than half an hour."""
    clock = Clock()
    breaker = Breaker(clock=clock)
    held = []
    failures = 0
    for what, seconds in events:
        clock.now += seconds
        if what == "release" and held:
            failures += 1
            breaker.failed(held.pop())
        left_seconds = breaker.left_seconds(HOST)
        assert 0 <= left_seconds <= MAX_OPEN_SECONDS
        if left_seconds:
            assert failures >= FAILURES_TO_OPEN
            with pytest.raises(CircuitOpen):
                breaker.admit(HOST)
            continue
        trial = breaker.admit(HOST)
        match what:
            case "fail":
                failures += 1
                breaker.failed(trial)
            case "succeed":
                breaker.succeeded(trial)
                assert breaker.left_seconds(HOST) == 0
                failures = 0
            case "hold":
                held.append(trial)
