"""The rules over URLs, before anything is connected."""

from ipaddress import ip_address

import pytest

from imgsvc.errors import (
    AddressNotPublic,
    InvalidRequest,
    PortNotAllowed,
    SchemeNotAllowed,
    SourceNotAllowed,
    TooManyRedirects,
    UserinfoNotAllowed,
)
from imgsvc.origin.addresses import Refusal
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.settings import AccessSettings, OriginSettings

TRUSTED = "cms.test:9000=10.0.0.0/8,192.168.1.5:9001=192.168.1.5/32"
CONNECT_TO = "pictures.test=127.0.0.1:9002,*.dev.test=[::1]:9003,203.0.113.7=127.0.0.1:9004"


def policy(allowed: str = "*", *, demo: bool = False, servers: tuple[tuple[str, int], ...] = ()) -> SourcePolicy:
    own = LoopGuard(demo=demo)
    own.listening("127.0.0.1", 8080)
    return SourcePolicy(
        AccessSettings.from_env({"IMGSVC_ALLOWED_HOSTS": allowed}),
        OriginSettings.from_env({"IMGSVC_TRUSTED_ORIGINS": TRUSTED, "IMGSVC_CONNECT_TO": CONNECT_TO}),
        own,
        servers=servers,
    )


def test_servers_with_routes_of_their_own():
    """Their port is allowed, and nothing else: no private address."""
    judging = policy("", servers=(("public.test", 7000), ("10.1.2.3", 7000), ("cms.test", 9000)))

    judging.check("https://public.test:7000/x", signed=True)
    with pytest.raises(PortNotAllowed):
        judging.check("https://public.test:7001/x", signed=True)
    with pytest.raises(SourceNotAllowed):
        judging.check("https://public.test:7000/x", signed=False)
    with pytest.raises(AddressNotPublic):
        judging.check("http://10.1.2.3:7000/x", signed=True)


@pytest.mark.parametrize(
    "url", ["http://cms.test:9000/x", "http://pictures.test/x", "http://pictures.test:8080/x", "http://x.dev.test/x"]
)
def test_no_way_to_a_private_server(url):
    """Neither pages nor clients lead to one, however it is reached, unless it is on the list; others may be led to."""
    servers = (("cms.test", 9000), ("pictures.test", 80), ("x.dev.test", 80), ("public.test", 443))
    host = url.split("/")[2].partition(":")[0]

    for own_hosts in ((), (host,)):
        with pytest.raises(SourceNotAllowed):
            policy("", servers=servers).check_found(url, own_hosts)
        with pytest.raises(SourceNotAllowed):
            policy("", servers=servers).check_redirect("http://a.test/", "http://a.test/", url, found_for=own_hosts)
    policy("*.test", servers=servers).check_found(url, ())
    policy("").check_found(url, (host,))
    policy("", servers=servers).check_found("https://public.test/x", ())


@pytest.mark.parametrize(
    "url",
    [
        "http://a.test/", "https://a.test/x?y", "http://a.test:8080/", "https://a.test:8443/", "http://a.test:443/",
        "https://a.test:80/", "http://8.8.8.8/", "http://[2606:4700::1111]/", "http://cms.test:9000/", "HTTP://A.Test./",
        "http://192.168.1.5:9001/", "http://pictures.test:1/", "http://x.dev.test:65535/", "http://203.0.113.7:22/",
        "http://[::ffff:8.8.8.8]/", "http://[64:ff9b::808:808]/", "http://1e100.net/", "http://0x.test/",
    ],
)  # fmt: skip
def test_allowed(url):
    """Public hosts on the web's ports pass, and what the operator named."""
    assert policy().judge(url, signed=False).allowed
    policy().check(url, signed=False)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://a.test/", SchemeNotAllowed), ("file:///etc/passwd", SchemeNotAllowed), ("a.test/x", SchemeNotAllowed),
        ("gopher://127.0.0.1/", SchemeNotAllowed), ("http://u@a.test/", UserinfoNotAllowed),
        ("http://u:p@a.test/", UserinfoNotAllowed), ("http:///x", InvalidRequest), ("http://a b/", InvalidRequest),
        ("http://a.test:22/", PortNotAllowed), ("http://a.test:9000/", PortNotAllowed),
        ("http://a.test:0/", PortNotAllowed),
        ("http://cms.test:9001/", PortNotAllowed), ("http://dev.test:9003/", PortNotAllowed),
        ("http://127.0.0.1:22/", PortNotAllowed),
        ("http://127.0.0.1/", AddressNotPublic), ("http://127.0.0.1./", AddressNotPublic),
        ("http://[::1]/", AddressNotPublic),
        ("http://[::ffff:127.0.0.1]/", AddressNotPublic), ("http://[::127.0.0.1]/", AddressNotPublic),
        ("http://[64:ff9b::7f00:1]/", AddressNotPublic), ("http://[fe80::1%25eth0]/", AddressNotPublic),
        ("http://169.254.169.254/latest/meta-data/", AddressNotPublic), ("http://10.0.0.1/", AddressNotPublic),
        ("http://192.168.1.5/", AddressNotPublic), ("http://0/", AddressNotPublic), ("http://127.1/", AddressNotPublic),
        ("http://2130706433/", AddressNotPublic), ("http://0x7f.1/", AddressNotPublic),
        ("http://0x7f000001/", AddressNotPublic),
        ("http://0177.0.0.1/", AddressNotPublic), ("http://017700000001/", AddressNotPublic),
        ("http://8.8/", AddressNotPublic),
        ("http://08.8.8.8/", AddressNotPublic), ("http://8.8.8.8.8/", AddressNotPublic),
        ("http://a.0x/", AddressNotPublic),
        ("http://１２７.0.0.1/", AddressNotPublic), ("http://①②⑦.1/", AddressNotPublic),
        ("http://127.0.0.1:8080/", SourceNotAllowed), ("http://localhost:8080/demo/a.jpg", SourceNotAllowed),
    ],
)  # fmt: skip
def test_refused(url, error):
    """Everything else is refused for its own reason, although every public host is allowed and the request signed."""
    for signed in (False, True):
        verdict = policy().judge(url, signed=signed)

        assert not verdict.allowed
        assert type(verdict.error) is error
        with pytest.raises(error):
            policy().check(url, signed=signed)


@pytest.mark.parametrize(
    "url", ["http://a.test/", "http://127.0.0.1/", "http://cms.test:9000/", "http://pictures.test/"]
)
def test_not_in_the_list(url):
    """What is neither in the list nor signed is refused before port and address are looked at; named or not."""
    with pytest.raises(SourceNotAllowed, match=r"IMGSVC_ALLOWED_HOSTS.*sign"):
        policy("other.test").check(url, signed=False)


def test_signature_stands_for_the_list():
    """A signed request needs no allowed host, but still a public address."""
    assert policy("").judge("http://a.test/", signed=True).rule == "signature"
    with pytest.raises(AddressNotPublic):
        policy("").check("http://10.0.0.1/", signed=True)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://a.test/", "IMGSVC_ALLOWED_HOSTS (a.test)"), ("http://x.b.test/", "IMGSVC_ALLOWED_HOSTS (*.b.test)"),
        ("http://b.test/", "IMGSVC_ALLOWED_HOSTS"), ("ftp://a.test/", "url"), ("http://a.test:1/", "port"),
        ("http://10.0.0.1/", "address (private)"), ("http://localhost:8080/", "own address"),
        ("http://localhost:8080/demo/a.jpg", "demo picture"),
    ],
)  # fmt: skip
def test_verdicts_name_their_rule(url, rule):
    """A verdict says which rule decided."""
    assert policy("a.test,*.b.test,10.0.0.1", demo=True).judge(url, signed=False).rule == rule


@pytest.mark.parametrize("url", ["http://localhost:8080/demo/a.jpg", "http://127.0.0.1:8080/demo/%61.jpg?x=../y"])
def test_demo_pictures_need_no_setting(url):
    """With the demo on, its pictures are allowed without list or signature."""
    policy("", demo=True).check(url, signed=False)


@pytest.mark.parametrize("path", ["/", "/demo/../api/x", "/demo/%2e%2e/api/x", "/demo/..%2fapi", "/demo/%252e%252e/x"])
def test_nothing_else_of_ourselves(path):
    """With the demo on, everything else of ours stays refused, signed or not."""
    with pytest.raises(SourceNotAllowed, match="itself"):
        policy(demo=True).check(f"http://localhost:8080{path}", signed=True)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://other.test/", SourceNotAllowed), ("https://a.test:8080/", None), ("http://a.test:22/", PortNotAllowed),
        ("http://listed.test/", None), ("ftp://a.test/", SourceNotAllowed), ("http://u@a.test/", SourceNotAllowed),
        ("http://127.0.0.1/", SourceNotAllowed), ("http://10.0.0.1/", AddressNotPublic), ("http://", TooManyRedirects),
        ("http://localhost:8080/x", SourceNotAllowed), ("http://a.test/" + "x" * 4000, TooManyRedirects),
    ],
)  # fmt: skip
def test_redirects(url, error):
    """A redirect stays on the first host or goes to an allowed one; all other rules hold as ever."""
    rules = policy("listed.test,10.0.0.1")
    if error is None:
        rules.check_redirect("http://a.test/", "http://listed.test/", url)
        return
    with pytest.raises(error):
        rules.check_redirect("http://a.test/", "http://listed.test/", url)


def test_redirect_from_https():
    """A redirect never gives up encryption, and may take it up."""
    rules = policy()
    rules.check_redirect("http://a.test/", "http://a.test/", "https://a.test/")
    with pytest.raises(SourceNotAllowed, match="https to http"):
        rules.check_redirect("https://a.test/", "https://a.test/", "http://a.test/")


@pytest.mark.parametrize(
    ("url", "address", "port", "reason"),
    [
        ("http://a.test/", "8.8.8.8", 80, None),
        ("http://a.test/", "10.0.0.1", 80, Refusal.PRIVATE),
        ("http://cms.test:9000/", "10.0.0.1", 9000, None),
        ("http://cms.test:9000/", "::ffff:10.0.0.1", 9000, None),
        ("http://cms.test:9000/", "11.0.0.1", 9000, None),
        ("http://cms.test:9000/", "192.168.0.1", 9000, Refusal.PRIVATE),
        ("http://cms.test/", "10.0.0.1", 80, Refusal.PRIVATE),
        ("http://x.cms.test:9000/", "10.0.0.1", 9000, Refusal.PRIVATE),
        ("http://pictures.test/", "127.0.0.1", 9002, None),
        ("http://pictures.test/", "127.0.0.1", 9003, Refusal.LOOPBACK),
        ("http://pictures.test/", "127.0.0.2", 9002, Refusal.LOOPBACK),
        ("http://x.dev.test/", "::1", 9003, None),
        ("http://a.test/", "127.0.0.1", 9002, Refusal.LOOPBACK),
        ("http://a.test:8080/", "127.0.0.1", 8080, Refusal.OWN_ADDRESS),
        ("http://a.test:8080/demo/a.jpg", "127.0.0.1", 8080, Refusal.OWN_ADDRESS),
        ("http://localhost:8080/demo/a.jpg", "127.0.0.1", 8080, None),
        ("http://localhost:8080/demo/a.jpg", "::1", 8080, Refusal.LOOPBACK),
        ("http://localhost:8080/x", "127.0.0.1", 8080, Refusal.OWN_ADDRESS),
    ],
)
def test_peers(url, address, port, reason):
    """The verdict on a peer hangs on the hop's host and port, the address, and the settings; on nothing else."""
    rules = policy(demo=True)

    assert rules.may_reach(rules.hop(url), ip_address(address), port) is reason
    assert rules.statistics().refused == ({reason: 1} if reason else {})


def test_refused_literals_are_counted():
    """A literal that is refused counts as an address, a verdict that is only asked for does not."""
    rules = policy()
    rules.judge("http://127.1/", signed=False)
    with pytest.raises(AddressNotPublic):
        rules.check("http://127.1/", signed=False)

    assert rules.statistics().refused == {Refusal.LEGACY_SPELLING: 1}
