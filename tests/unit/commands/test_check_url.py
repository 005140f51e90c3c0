"""``imgsvc check-url``: a verdict, and each rule."""

import json
import socket

import pytest


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://a.test/x.jpg", 0),
        ("https://A.test./x.jpg", 0),
        ("https://b.test/x.jpg", 1),
        ("https://a.test:22/", 1),
        ("s3://images/logos/a.png", 1),
        ("nonsense", 1),
        ("http://127.0.0.1:8080/", 1),
        ("http://localhost:8080/demo/a.jpg", 1),
    ],
)
def test_check_url(invoke, url, code):
    """The exit code says it for scripts, the last line says why."""
    result = invoke("check-url", url, IMGSVC_ALLOWED_HOSTS="a.test,localhost")

    assert result.exit_code == code
    assert result.stdout.splitlines()[-1].startswith("allowed: " if code == 0 else "denied: ")
    assert not any(line.startswith(("allowed: ", "denied: ")) for line in result.stdout.splitlines()[:-1])


@pytest.mark.parametrize(
    ("url", "allowed", "said"),
    [
        ("https%3A%2F%2Fa.test%2Fx.jpg", "a.test", "allowed: IMGSVC_ALLOWED_HOSTS (a.test)"),
        ("https%253A%252F%252Fa.test%252Fx.jpg", "b.test", "denied: IMGSVC_ALLOWED_HOSTS"),
        ("store:images/logos/a.png", "store:", "allowed: IMGSVC_ALLOWED_HOSTS (store:)"),
        ("s3://images/image/a/b.webp", "*,store:", "allowed: IMGSVC_ALLOWED_HOSTS (store:)"),
        ("s3://images/image/a/b.webp", "*", "denied: IMGSVC_ALLOWED_HOSTS"),
        ("store:purge/a", "*,store:", "denied: The store serves no such object."),
        ("store:images/image/../x", "store:", "denied: "),
        ("undefined", "*", "denied: The source is the text of an undefined value, not a URL."),
    ],
)
def test_it_reads_a_source_as_the_service_does(invoke, url, allowed, said):
    """What ``url=`` takes, encoded more than once or a key of the store, is explained too."""
    result = invoke("check-url", url, IMGSVC_ALLOWED_HOSTS=allowed)

    assert result.stdout.splitlines()[-1].startswith(said)
    assert result.exit_code == (0 if said.startswith("allowed") else 1)


def test_the_rules_are_in_columns(invoke):
    """Each rule is a line with what it says, in the order in which they are asked."""
    lines = invoke("check-url", "https://a.test/x", IMGSVC_ALLOWED_HOSTS="*.test").stdout.splitlines()

    assert [line.split()[0] for line in lines[:-1]] == [
        "scheme", "user", "host", "loop", "allow", "signature", "port", "address",
    ]  # fmt: skip
    assert lines[4] == "allow list  passed  IMGSVC_ALLOWED_HOSTS has *.test"
    assert lines[7].startswith("address     open    ")
    assert lines[-1] == "allowed: IMGSVC_ALLOWED_HOSTS (*.test)"


def test_as_json(invoke):
    """The same for programs, and the same exit code."""
    result = invoke("check-url", "HTTPS://A.test:443", "--json", IMGSVC_ALLOWED_HOSTS="b.test")
    facts = json.loads(result.stdout)

    assert (result.exit_code, facts["allowed"]) == (1, False)
    assert (facts["url"], facts["rule"]) == ("https://a.test/", "IMGSVC_ALLOWED_HOSTS")
    assert [step["rule"] for step in facts["steps"] if step["outcome"] == "denied"] == ["allow list"]


@pytest.mark.parametrize(
    ("url", "connect_to", "code", "said"),
    [
        ("http://localhost/", "", 1, "denied: address (loopback)"),
        ("http://nowhere.invalid/", "*.invalid=127.0.0.1:9", 0, "allowed: IMGSVC_ALLOWED_HOSTS (*)"),
        ("http://10.0.0.1/", "", 1, "denied: address (private)"),
    ],
)
def test_resolving(invoke, url, connect_to, code, said):
    """With --resolve addresses decide as well, those of names and those that settings lead to."""
    result = invoke("check-url", url, "--resolve", IMGSVC_ALLOWED_HOSTS="*", IMGSVC_CONNECT_TO=connect_to)

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (code, said)


def test_a_name_without_an_address(invoke, monkeypatch):
    """With --resolve it is a denial, as every fetch would fail."""

    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    result = invoke("check-url", "http://nowhere.invalid/", "--resolve", IMGSVC_ALLOWED_HOSTS="*")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "denied: address (the name has no address)"


def test_nothing_is_looked_up_unless_asked_for(invoke, monkeypatch):
    """The verdict is there at once where no name server answers."""
    monkeypatch.setattr(socket, "getaddrinfo", None)

    assert invoke("check-url", "http://localhost/", IMGSVC_ALLOWED_HOSTS="*").exit_code == 0


def test_ports_of_named_services(invoke):
    """Where the service would take a port, so does the command: the settings' own servers are known to it."""
    env = {"IMGSVC_ALLOWED_HOSTS": "assets.test", "ASSETS_BASE_URL": "http://assets.test:9000/x"}

    assert invoke("check-url", "http://assets.test:9000/a.png", **env).exit_code == 0
    assert invoke("check-url", "http://assets.test:9001/a.png", **env).exit_code == 1
