"""Why a URL may be fetched: the steps say what the policy decides."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.errors import ImgsvcError
from imgsvc.model.hosts import normalise_url
from imgsvc.origin.explanation import Explainer, Outcome
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.settings import AccessSettings, OriginSettings

TRUSTED = "cms.test:9000=10.0.0.0/8"
CONNECT_TO = "pictures.test=127.0.0.1:9002"
HOSTS = (
    "a.test", "x.a.test", "cms.test", "pictures.test", "localhost", "127.0.0.1", "10.1.2.3", "[::1]", "8.8.8.8",
    "2130706433", "0x7f.1", "user@a.test", "a..test", "",
)  # fmt: skip


def explainer(allowed: str = "*", keys: str = "") -> Explainer:
    own = LoopGuard()
    own.listening("127.0.0.1", 8080)
    access = AccessSettings.from_env({"IMGSVC_ALLOWED_HOSTS": allowed, "IMGSVC_SIGNING_KEYS": keys})
    origin = OriginSettings.from_env({"IMGSVC_TRUSTED_ORIGINS": TRUSTED, "IMGSVC_CONNECT_TO": CONNECT_TO})
    return Explainer(SourcePolicy(access, origin, own), access, origin)


def step(explained, rule: str):
    return next(step for step in explained.steps if step.rule == rule)


@settings(deadline=None)
@given(
    scheme=st.sampled_from(("http", "https", "HTTP", "ftp", "s3")),
    host=st.sampled_from(HOSTS),
    port=st.sampled_from(("", ":80", ":8080", ":22", ":9000", ":0", ":99999", ":x")),
    allowed=st.sampled_from(("", "*", "a.test", "*.a.test,localhost,127.0.0.1", "*.test,store:")),
)
def test_the_steps_say_what_the_policy_decides(scheme, host, port, allowed):
    """A URL is allowed exactly where no step denies it, and the policy is of the same opinion."""
    asked, url = explainer(allowed), f"{scheme}://{host}{port}/x"
    explained = asked.explain(url)

    assert explained.allowed is not any(step.outcome is Outcome.DENIED for step in explained.steps)
    assert explained.allowed is asked._policy.judge(url, signed=False).allowed
    if explained.url is None:
        with pytest.raises(ImgsvcError, match=re.escape(explained.rule)):
            normalise_url(url)
    else:
        assert explained.url == normalise_url(url)


@pytest.mark.parametrize(
    ("url", "rule", "detail"),
    [
        ("ftp://a.test/", "scheme", "http:// or https://"),
        ("http://u:p@a.test/", "user info", "user name or password"),
        ("http://a.test:x/", "URL", "no valid host or port"),
        ("http://127.0.0.1:8080/", "loop guard", "IMGSVC_HOST, IMGSVC_PORT"),
        ("http://b.test/", "allow list", "IMGSVC_ALLOWED_HOSTS covers b.test"),
        ("http://a.test:22/", "port", "name a.test:22 in IMGSVC_TRUSTED_ORIGINS or IMGSVC_CONNECT_TO"),
        ("http://10.0.0.1/", "address", "10.0.0.1 is not public (private)"),
        ("http://0x7f.1/", "address", "(legacy-spelling)"),
    ],
)
def test_what_denies_says_what_to_change(url, rule, detail):
    """The step that denies names the setting, where there is one."""
    explained = explainer("a.test,127.0.0.1,10.0.0.1,0x7f.1").explain(url)

    denied = [step for step in explained.steps if step.outcome is Outcome.DENIED]
    assert denied[0].rule == rule
    assert detail in denied[0].detail
    assert "u:p" not in str(explained)


def test_all_that_denies_is_shown():
    """Who adds a host to the list is told of its port in the same breath."""
    explained = explainer("").explain("http://b.test:22/")

    assert [s.rule for s in explained.steps if s.outcome is Outcome.DENIED] == ["allow list", "port"]
    assert explained.rule == "IMGSVC_ALLOWED_HOSTS"


def test_what_a_signature_would_do():
    """Whether requests could be signed is said, and no key is shown."""
    assert "is set" in step(explainer(keys="s3cret").explain("http://a.test/"), "signature").detail
    assert "s3cret" not in str(explainer(keys="s3cret").explain("http://a.test/"))
    assert "is not set" in step(explainer().explain("http://a.test/"), "signature").detail


def test_where_a_private_origin_may_lie():
    """Both settings that make one reachable are named with what they say."""
    trusted = explainer().explain("http://cms.test:9000/x")
    led = explainer().explain("http://pictures.test:22/x")

    assert step(trusted, "trusted origin").detail == "IMGSVC_TRUSTED_ORIGINS lets it lie in 10.0.0.0/8"
    assert step(trusted, "port").detail == "9000, which is named"
    assert "127.0.0.1 port 9002" in step(led, "address").detail
    assert trusted.allowed
    assert led.allowed


@pytest.mark.parametrize(
    ("url", "found", "rule"),
    [
        ("http://a.test/", ["8.8.8.8"], None),
        ("http://a.test/", ["10.0.0.1", "8.8.8.8"], None),
        ("http://a.test/", ["10.0.0.1", "fe80::1%eth0"], "address (private)"),
        ("http://a.test/", [], "address (the name has no address)"),
        ("http://cms.test:9000/", ["10.9.9.9"], None),
        ("http://cms.test:8080/", ["10.9.9.9"], "address (private)"),
        ("http://a.test:8080/", ["127.0.0.1"], "address (own-address)"),
    ],
)
def test_addresses_that_were_found(url, found, rule):
    """One that may be reached is enough, as it is for a fetch; none is a denial, and each is a step of its own."""
    explained = explainer().explain(url, found)

    assert (explained.allowed, explained.rule) == (rule is None, rule or "IMGSVC_ALLOWED_HOSTS (*)")
    assert len([s for s in explained.steps if s.rule == "address"]) == (len(found) or 1)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.test:8443/x", "a.test"),
        ("http://cms.test:9000/", "cms.test"),
        ("http://pictures.test/", None),
        ("http://8.8.8.8/", None),
        ("http://2130706433/", None),
        ("nonsense", None),
    ],
)
def test_what_has_to_be_looked_up(url, host):
    """Names are, unless a setting leads elsewhere; addresses are not, however they are spelt."""
    assert explainer().looks_up(url) == host
