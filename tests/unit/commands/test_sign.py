"""``imgsvc sign``: signatures by the first key."""

import json
from urllib.parse import parse_qsl

import pytest

from imgsvc.commands import sign as command
from imgsvc.origin.signature import Signer
from tests.support.process import ROOT

VECTORS = ROOT / "deploy/nextjs/imgsvc-next/test/sign-vectors.json"
TARGET = "/api/cache/images?url=https%3A%2F%2Fa.test%2Fx%20y.png&w=10"


def signed(invoke, *arguments: str) -> tuple[str, list[tuple[str, str]]]:
    output = invoke("sign", *arguments, IMGSVC_SIGNING_KEYS="k1,k0").stdout
    assert output.endswith("\n")
    path, _, query = output.strip().partition("?")
    return path, parse_qsl(query, keep_blank_values=True)


@pytest.mark.parametrize("target", [TARGET, f"https://any.test{TARGET}", f"{TARGET}&sig=old", f"{TARGET}#fragment"])
def test_sign(invoke, target):
    """Path and parameters come out signed by the first key; an older signature is replaced."""
    path, pairs = signed(invoke, target)

    assert path == "/api/cache/images"
    assert sorted(pairs[:-1]) == [("url", "https://a.test/x y.png"), ("w", "10")]
    assert pairs[-1] == ("sig", Signer(["k1"]).sign(path, pairs[:-1]))


def test_sign_says_what_the_package_for_nextjs_is_held_against(invoke):
    """The vectors that its own tests read are what this command prints."""
    vectors = json.loads(VECTORS.read_text("utf-8"))

    assert len(vectors) > 1
    for vector in vectors:
        printed = invoke("sign", vector["target"], IMGSVC_SIGNING_KEYS=vector["key"]).stdout
        assert printed == vector["signed"] + "\n"


def test_sign_keeps_an_end_and_replaces_it_on_demand(invoke, monkeypatch):
    """An ``exp`` that is there holds, unless another one is asked for; it is never dropped in silence."""
    monkeypatch.setattr(command.time, "time", lambda: 1000.9)

    kept = dict(signed(invoke, f"{TARGET}&exp=77")[1])
    replaced = dict(signed(invoke, f"{TARGET}&exp=77", "--expires", "60")[1])

    assert (kept["exp"], replaced["exp"]) == ("77", "1060")


def test_sign_refuses_an_end_in_the_past(invoke):
    """``--expires`` is a time from now on."""
    assert invoke("sign", TARGET, "--expires", "0", IMGSVC_SIGNING_KEYS="k").exit_code == 2


@pytest.mark.parametrize("base", ["https://img.test", "https://img.test/behind/"])
def test_a_whole_url(invoke, base):
    """With --base it stands before the path, which is signed without it."""
    url = invoke("sign", TARGET, "--base", base, IMGSVC_SIGNING_KEYS="k1").stdout.strip()
    path = invoke("sign", TARGET, IMGSVC_SIGNING_KEYS="k1").stdout.strip()

    assert url == base.rstrip("/") + path


@pytest.mark.parametrize(
    "base", ["img.test", "ftp://img.test", "https://", "https://img.test/?a=1", "http://[x", "http://img.test:99999"]
)
def test_a_base_that_is_none(invoke, base):
    """What no path can stand behind is a mistake in the command line."""
    result = invoke("sign", TARGET, "--base", base, IMGSVC_SIGNING_KEYS="k1")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--base" in result.stderr


@pytest.mark.parametrize("target", ["http://[x/a", "http://img.test:x/a", "/a?exp=soon", "/a?exp=1&exp=2"])
def test_what_cannot_be_signed(invoke, target):
    """What is no URL, and what has an end that the service would not read, are mistakes in the command line."""
    result = invoke("sign", target, "--json", IMGSVC_SIGNING_KEYS="k1")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "PATH-OR-URL" in result.stderr


def test_as_json(invoke, monkeypatch):
    """Programs get the parts as well."""
    monkeypatch.setattr(command.time, "time", lambda: 1000.9)
    facts = json.loads(invoke("sign", TARGET, "--expires", "60", "--json", IMGSVC_SIGNING_KEYS="k1").stdout)

    assert facts["exp"] == 1060
    assert facts["url"] == facts["path"]
    assert facts["path"].endswith(f"&sig={facts['sig']}")
    assert json.loads(invoke("sign", "/logo/a.test", "--json", IMGSVC_SIGNING_KEYS="k1").stdout)["exp"] is None


def test_a_path_without_parameters(invoke):
    """The signature is the only one then, and nothing stands between it and the question mark."""
    assert invoke("sign", "/logo/a.test", IMGSVC_SIGNING_KEYS="k1").stdout.startswith("/logo/a.test?sig=")


def test_sign_needs_a_key(invoke):
    """Without one there is nothing to sign with: a line that names the setting, and exit code 2."""
    result = invoke("sign", TARGET)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("imgsvc: IMGSVC_SIGNING_KEYS: ")


@pytest.mark.parametrize("target", ["/\udcff", "/a?b=\udcff", "/a\nb"])
def test_a_target_that_is_no_text(invoke, target):
    """Nothing is signed that no client could send."""
    assert invoke("sign", target, IMGSVC_SIGNING_KEYS="k1").exit_code == 2


@pytest.mark.parametrize(
    "target", ["", "api/cache/images?url=x", "a.test/x", "ftp://a.test/x", "//a.test/x", "http:/x"]
)
def test_a_target_that_no_request_could_have(invoke, target):
    """A forgotten slash is told of: its signature would never hold."""
    result = invoke("sign", target, IMGSVC_SIGNING_KEYS="k1")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "a path begins with /" in result.stderr
