"""The command line in this process; what only a process shows is in ``tests/e2e``."""

import os
import socket

import pytest
from click.testing import CliRunner

from imgsvc import __version__, cli
from imgsvc.allocator import GLIBC_SETTINGS, JEMALLOC_SETTINGS, RESTARTED, Libraries
from imgsvc.commands import environment


def test_version(invoke):
    """``--version`` prints name and version."""
    assert invoke("--version").output == f"imgsvc, version {__version__}\n"


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("serve",)])
def test_serve_says_why_it_cannot(invoke, arguments, logging_as_it_was, tmp_path):
    """A port that is taken is one line and exit code 2; without a command it is the same program."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = invoke(*arguments, IMGSVC_PORT=port, IMGSVC_STORE_DIR=str(tmp_path / "s"))

    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
    assert os.environ.get("VIPS_CONCURRENCY")


def test_a_host_that_cannot_be_listened_on(invoke):
    """It is one line and exit code 2, from the command line as from the environment."""
    for result in (invoke("serve", "--host", "a..b"), invoke("serve", IMGSVC_HOST="a" * 300)):
        assert result.exit_code == 2
        assert result.stderr.startswith("imgsvc: IMGSVC_HOST: not an address")
        assert result.stderr.count("\n") == 1


def test_a_bad_redis_url_is_a_settings_fault(invoke, logging_as_it_was, tmp_path):
    """A fault that shows only on opening ends the program like any other."""
    result = invoke("serve", "--port", "0", IMGSVC_REDIS_URL="ftp://x", IMGSVC_STORE_DIR=str(tmp_path / "s"))

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("imgsvc: IMGSVC_REDIS_URL: ")


class StartedAgain(Exception):
    """Stands for the end of a process that is replaced."""

    def __init__(self, environment: dict[str, str]) -> None:
        super().__init__()
        self.environment = environment


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Run commands as ``main()`` does on a machine with jemalloc, to where they start again; give that environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "find_libraries", lambda: Libraries(jemalloc="/lib/libjemalloc.so.2", glibc=True))
    for name in ("LD_PRELOAD", *JEMALLOC_SETTINGS, *GLIBC_SETTINGS, RESTARTED):
        monkeypatch.delenv(name, raising=False)

    def again(environment):
        raise StartedAgain(environment)

    def start(*arguments: str, **env: str) -> dict[str, str] | None:
        env = {"IMGSVC_REDIS_URL": "ftp://x"} | env  # ends a service that gets that far
        result = CliRunner().invoke(cli.commands, arguments, env=env, obj=again)
        return getattr(result.exception, "environment", None)

    return start


@pytest.mark.parametrize("arguments", [(), ("serve",), ("serve", "--demo")])
def test_serve_starts_again_with_an_allocator(start, arguments):
    """The second start has the allocator's variables and libvips' one, and knows that it is the second."""
    environment = start(*arguments)

    assert environment["LD_PRELOAD"] == "/lib/libjemalloc.so.2"
    assert environment["MALLOC_CONF"] == JEMALLOC_SETTINGS["MALLOC_CONF"]
    assert environment[RESTARTED] == str(os.getpid())
    assert environment["VIPS_CONCURRENCY"]


@pytest.mark.parametrize("arguments", [("config",), ("check-url", "http://a.test/"), ("serve", "--what"), ("--help",)])
def test_nothing_else_starts_again(start, arguments):
    """Other commands, and options that are wrong, end as they began."""
    assert start(*arguments) is None


def test_there_is_no_third_start(start, logging_as_it_was):
    """The mark of a second start stops the next; one inherited from another process does not."""
    assert start("serve", **{RESTARTED: str(os.getpid())}) is None
    assert start("serve", **{RESTARTED: "1"}) is not None


def test_the_allocator_may_be_named_in_dotenv(start, tmp_path):
    """The choice is a setting like all others: from ``.env``, the environment wins, blank is unset."""
    (tmp_path / ".env").write_text("IMGSVC_ALLOCATOR=glibc\n")

    without = start("serve", LD_PRELOAD="/lib/libjemalloc.so.2")
    assert without["MALLOC_ARENA_MAX"]
    assert "LD_PRELOAD" not in without
    assert "LD_PRELOAD" in start("serve", IMGSVC_ALLOCATOR="jemalloc")
    assert "LD_PRELOAD" in start("serve", IMGSVC_ALLOCATOR=" ")


def test_an_allocator_that_is_missing(invoke, monkeypatch):
    """One line that names the setting, and exit code 2."""
    monkeypatch.setattr(environment, "find_libraries", lambda: Libraries(jemalloc=None, glibc=True))
    monkeypatch.delenv("LD_PRELOAD", raising=False)

    result = invoke("serve", IMGSVC_ALLOCATOR="jemalloc")

    assert result.exit_code == 2
    assert result.stderr.startswith("imgsvc: IMGSVC_ALLOCATOR: jemalloc")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("option", [("--port", "70000"), ("--port", "x"), ("--what",)])
def test_wrong_options(invoke, option):
    """Options are checked before anything starts."""
    assert invoke("serve", *option).exit_code == 2
