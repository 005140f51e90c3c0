"""Token buckets for clients and domains, with a clock that the test holds."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import RateLimited
from imgsvc.model.domains import Domains
from imgsvc.services.limits import MAX_BUCKETS, Allowance, LimitStatistics, RateLimits, is_of_another
from imgsvc.settings import LimitSettings
from tests.support.spine_parts import Clock

DOMAINS = Domains()
RATES = st.tuples(st.integers(1, 200), st.integers(1, 3600))


def limits(rate: str, clock: Clock | None = None) -> RateLimits:
    settings = LimitSettings.from_env({"IMGSVC_RATE_LIMIT": rate})
    return RateLimits(settings, DOMAINS, clock=clock or Clock())


def taken(limited: RateLimits, attempts: int, client: str = "me", host: str = "a.test") -> int:
    """Try so often, and count the successes."""
    successes = 0
    for _ in range(attempts):
        try:
            limited.take(client, host)
        except RateLimited:
            continue
        successes += 1
    return successes


def refusal(limited: RateLimits, client: str = "me", host: str = "a.test") -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        limited.take(client, host)
    return caught.value


class TestArithmetic:
    """How a bucket empties and fills."""

    @pytest.mark.parametrize("rate", ["1/1", "3/1", "7/10", "10/60", "120/60", "300/7"])
    def test_a_burst(self, rate):
        """So many at once as the setting says, to the token, and no more."""
        count = int(rate.partition("/")[0])
        assert taken(limits(rate), count + 5) == count

    @pytest.mark.parametrize("rate", ["1/1", "3/1", "7/10", "10/60", "120/60", "300/7"])
    def test_then_one_by_one(self, rate):
        """After a burst there is one more for each S/N seconds, and half of that time brings none."""
        count, seconds = map(int, rate.split("/"))
        clock = Clock()
        limited = limits(rate, clock)
        taken(limited, count)
        for _ in range(count):
            clock.forward(seconds / count / 2)
            assert taken(limited, 2) == 0
            clock.forward(seconds / count / 2)
            assert taken(limited, 2) == 1

    def test_fractions_are_kept(self):
        """Who asks for a little less than the setting says is never refused, however the seconds fall."""
        clock = Clock()
        limited = limits("50/60", clock)
        for _ in range(1000):
            clock.forward(1.21)
            limited.take("me", "a.test")

    def test_nothing_is_saved_up(self):
        """A day of silence gives no more than one burst."""
        clock = Clock()
        limited = limits("5/10", clock)
        taken(limited, 5)
        clock.forward(86_400)
        assert taken(limited, 20) == 5

    @given(RATES, st.lists(st.floats(0, 100), max_size=50))
    def test_never_more_than_the_rate(self, rate, pauses):
        """Whatever the pauses, no more goes through than a burst and what the time since has brought."""
        (count, seconds), clock = rate, Clock()
        limited = limits(f"{count}/{seconds}", clock)
        successes = taken(limited, count)
        for pause in pauses:
            clock.forward(pause)
            successes += taken(limited, 5)
        assert successes <= count + sum(pauses) * count / seconds + 0.01

    @given(RATES, st.lists(st.floats(0, 10), max_size=20))
    def test_the_refusal_keeps_its_word(self, rate, pauses):
        """After ``Retry-After`` seconds one goes through, after ``RateLimit-Reset`` seconds as many as at first."""
        (count, seconds), clock = rate, Clock()
        limited = limits(f"{count}/{seconds}", clock)
        for pause in pauses:
            clock.forward(pause)
            taken(limited, 3)
        taken(limited, count)
        error = refusal(limited)

        assert 1 <= error.retry_after_seconds <= error.reset_seconds <= seconds + 1
        clock.forward(error.retry_after_seconds)
        assert taken(limited, 1) == 1
        taken(limited, count)
        clock.forward(refusal(limited).reset_seconds)
        assert taken(limited, count + 1) == count


class TestBuckets:
    """Whose tokens are taken."""

    def test_clients_do_not_share(self):
        """One client's greed leaves another its own, as long as they ask for different domains."""
        limited = limits("3/60")
        assert taken(limited, 5, "one", "a.test") == 3
        assert taken(limited, 5, "other", "b.test") == 3

    def test_hosts_of_one_domain_share(self):
        """Many clients and many names of one domain are as much for its server as one."""
        limited = limits("3/60")
        hosts = ["a.shop.co.uk", "b.shop.co.uk", "shop.co.uk", "c.shop.co.uk", "d.c.shop.co.uk"]
        assert [taken(limited, 1, f"client {host}", host) for host in hosts] == [1, 1, 1, 0, 0]
        assert taken(limited, 1, "client", "other.co.uk") == 1

    def test_a_client_refused_costs_the_domain_nothing(self):
        """Refusals of one client leave all the rest of a domain's tokens to others."""
        limited = limits("4/60")
        taken(limited, 2, "greedy", "shop.test")
        taken(limited, 2, "greedy", "other.test")
        assert taken(limited, 100, "greedy", "shop.test") == 0
        assert taken(limited, 100, "modest", "shop.test") == 2

    def test_a_domain_refused_costs_the_client_nothing(self):
        """Refusals of one domain leave the client all its tokens for others."""
        limited = limits("4/60")
        taken(limited, 4, "others", "shop.test")
        assert taken(limited, 100, "me", "shop.test") == 0
        assert taken(limited, 100, "me", "other.test") == 4

    def test_an_allowance_is_its_client_s(self):
        """What is handed down takes from the bucket of the client it was made for."""
        limited = limits("2/60")
        allowance = Allowance(limited, "me")
        allowance.take("a.test")
        allowance.take("b.test")
        with pytest.raises(RateLimited):
            allowance.take("c.test")
        assert taken(limited, 1, "other", "c.test") == 1

    def test_off(self):
        """A count of 0 lets all through, keeps nothing and counts nothing."""
        limited = limits("0")
        assert taken(limited, 10_000) == 10_000
        assert limited.statistics() == LimitStatistics(0, 0, 0, 0, 0)


class TestRefusals:
    """What a refusal says."""

    def test_figures(self):
        """Limit, what is left, when one is there again, and when all are."""
        clock = Clock()
        limited = limits("6/60", clock)
        taken(limited, 6)
        clock.forward(3.5)
        error = refusal(limited)
        assert (error.limit, error.remaining) == (6, 0)
        assert (error.retry_after_seconds, error.reset_seconds) == (7, 57)

    def test_of_a_client(self):
        """A client is told that it is meant, and what it is if all clients look like one."""
        limited = limits("1/60")
        limited.take("203.0.113.9", "a.test")
        detail = refusal(limited, "203.0.113.9", "b.test").detail
        assert "This client" in detail
        assert "IMGSVC_RATE_LIMIT" in detail
        assert "IMGSVC_TRUSTED_PROXIES" in detail
        assert "203.0.113.9" not in detail

    def test_of_a_domain(self):
        """The domain is said to be meant, and is not named."""
        limited = limits("1/60")
        limited.take("one", "a.shop.test")
        detail = refusal(limited, "other", "b.shop.test").detail
        assert "domain" in detail
        assert "IMGSVC_RATE_LIMIT" in detail
        assert "IMGSVC_TRUSTED_PROXIES" not in detail
        assert "shop.test" not in detail

    def test_whose_it_was(self):
        """Of several that wait, a client's refusal is that client's alone, a domain's is everybody's with a limit."""
        limited = limits("1/60")
        me, other = Allowance(limited, "me"), Allowance(limited, "other")
        me.take("a.test")
        of_me, of_domain = refusal(limited, "me", "b.test"), refusal(limited, "other", "a.test")

        assert [is_of_another(of_me, one) for one in (me, other, None)] == [False, True, True]
        assert [is_of_another(of_domain, one) for one in (me, other, None)] == [False, False, True]

    def test_counted(self):
        """What went through and what did not, by whose bucket was empty."""
        limited = limits("2/60")
        taken(limited, 5, "one", "a.test")
        taken(limited, 1, "other", "a.test")
        statistics = limited.statistics()
        assert (statistics.allowed, statistics.limited_clients, statistics.limited_domains) == (2, 3, 1)
        assert (statistics.clients, statistics.domains) == (1, 1)


class TestBounds:
    """What clients can make the limits remember."""

    def test_many_clients_and_domains(self):
        """A hundred thousand of both stay within ten thousand buckets of each kind."""
        limited = limits("120/60")
        for number in range(100_000):
            limited.take(f"client {number}", f"{number}.test")
        statistics = limited.statistics()
        assert (statistics.clients, statistics.domains) == (MAX_BUCKETS, MAX_BUCKETS)
        assert statistics.allowed == 100_000

    def test_what_they_take(self):
        """With the longest names there are, all buckets, and the domains remembered of hosts, are ten megabytes."""
        limited = limits("120/60")
        tracemalloc.start()
        try:
            for number in range(MAX_BUCKETS + 2000):
                limited.take(f"ffff:ffff:ffff:{number:x}::/64", f"{number:0>248}.test")
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak_bytes < 10_000_000

    def test_who_keeps_asking_is_not_forgotten(self):
        """A client that is refused and asks on cannot be pushed out by others."""
        limited = limits("1/3600")
        limited.take("greedy", "a.test")
        for number in range(3 * MAX_BUCKETS):
            limited.take(f"client {number}", f"{number}.test")
            if number % 1000 == 0:
                assert taken(limited, 1, "greedy", "b.test") == 0
        assert taken(limited, 1, "greedy", "b.test") == 0
