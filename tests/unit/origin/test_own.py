"""The loop guard: what counts as ourselves, and what of ourselves may be fetched."""

from ipaddress import ip_address

import pytest

from imgsvc.origin.own import LoopGuard, is_local_address

WILDCARD = "0.0.0.0"  # noqa: S104 - compared, never bound


def guard(host: str = "127.0.0.1", port: int = 8080, *, demo: bool = False, local: tuple[str, ...] = ()) -> LoopGuard:
    made = LoopGuard(demo=demo, instance_id="me", is_local=lambda address: str(address) in local)
    made.listening(host, port)
    return made


@pytest.mark.parametrize("bound", ["127.0.0.1", "::1", WILDCARD, "::", "localhost"])
@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "::1", WILDCARD, "::", "::ffff:7f00:1"])
def test_loopback_by_any_name(bound, host):
    """On loopback or a wildcard, every name of the loopback is ourselves, on our port only."""
    assert guard(bound).owns(host, 8080)
    assert not guard(bound).owns(host, 8081)


@pytest.mark.parametrize(("host", "owned"), [("203.0.113.9", True), ("::ffff:cb00:7109", True), ("localhost", False)])
def test_one_address(host, owned):
    """On one address, only that one is ourselves."""
    assert guard("203.0.113.9").owns(host, 8080) is owned


def test_a_name():
    """On a name, that name is ourselves."""
    assert guard("Images.Test.").owns("images.test", 8080)
    assert not guard("images.test").owns("127.0.0.1", 8080)


def test_addresses_of_the_machine():
    """On a wildcard every address of the machine is ourselves, as host and as peer."""
    wild = guard(WILDCARD, local=("203.0.113.9",))

    assert wild.owns("203.0.113.9", 8080)
    assert wild.is_self(ip_address("::ffff:203.0.113.9"), 8080)
    assert not wild.is_self(ip_address("203.0.113.10"), 8080)
    assert not wild.is_self(ip_address("203.0.113.9"), 80)


@pytest.mark.parametrize(
    ("bound", "peer", "self"),
    [
        ("127.0.0.1", "127.0.0.1", True), ("127.0.0.1", WILDCARD, True), ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.1", "::ffff:127.0.0.1", True), ("localhost", "::1", True), ("203.0.113.9", "203.0.113.9", True),
        ("203.0.113.9", "127.0.0.1", False), ("images.test", "127.0.0.1", False),
    ],
)  # fmt: skip
def test_peers(bound, peer, self):
    """A peer is ourselves exactly when a connection to it would end here."""
    assert guard(bound).is_self(ip_address(peer), 8080) is self


def test_nothing_is_own_before_binding():
    """A guard that was told nothing refuses nothing."""
    fresh = LoopGuard()

    assert not fresh.owns("localhost", 8080)
    assert not fresh.is_self(ip_address("127.0.0.1"), 8080)


@pytest.mark.parametrize("path", ["/demo/a.jpg", "/demo/sub/a-1_b~.jpg", "/demo/a..b.jpg"])
def test_demo_paths(path):
    """Sample pictures may be fetched while the demo is on."""
    assert guard(demo=True).is_demo("localhost", 8080, path)
    assert not guard(demo=False).is_demo("localhost", 8080, path)
    assert not guard(demo=True).is_demo("localhost", 8081, path)
    assert not guard(demo=True).is_demo("other.test", 8080, path)


@pytest.mark.parametrize(
    "path",
    ["/demo", "/demo/", "/", "/demo/../api", "/demo/./a", "/demo//a", "/demo/.env", "/demo/%2e%2e/api",
     "/demo/..%2fapi", "/demo/a%2f..%2f..%2fapi", "/demo/a\\..\\b", "/demo/a/", "/demox/a", "//demo/a", "/x/demo/a",
     "/demo/a\n", "/demo/a;b", "/Demo/a", "/demo/ä"],
)  # fmt: skip
def test_no_other_path_slips_through(path):
    """No dot segment, escape or odd character gets beyond the sample pictures."""
    assert not guard(demo=True).is_demo("localhost", 8080, path)


@pytest.mark.parametrize(
    ("via", "sent"),
    [
        ("1.1 imgsvc-me", True), ("1.0 fred, 1.1 imgsvc-me (comment)", True), (" 1.1  imgsvc-me ,1.1 x", True),
        ("1.1 imgsvc-you", False), ("1.1 imgsvc-me2", False), ("imgsvc-me", False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_via(via, sent):
    """A request that went through this process is known by its pseudonym."""
    assert guard().has_sent(via) is sent


def test_instances_differ():
    """Two processes have two pseudonyms, else replicas would take each other for themselves."""
    assert LoopGuard().via != LoopGuard().via


def test_this_machine():
    """The system tells which addresses are its own."""
    assert is_local_address(ip_address("127.0.0.1"))
    assert not is_local_address(ip_address("203.0.113.1"))
