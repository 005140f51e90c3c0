"""The command line in this process; what only a process shows is in ``tests/e2e``."""

import io
import json
import logging
import os
import socket
import sys
from urllib.parse import parse_qsl

import pytest
from click.testing import CliRunner

from imgsvc import __version__, cli
from imgsvc.allocator import GLIBC_SETTINGS, JEMALLOC_SETTINGS, RESTARTED, Libraries
from imgsvc.origin.signature import Signer
from imgsvc.settings import Settings
from tests.support.process import ROOT

SIGN_VECTORS = ROOT / "deploy/nextjs/imgsvc-next/test/sign-vectors.json"
TARGET = "/api/cache/images?url=https%3A%2F%2Fa.test%2Fx%20y.png&w=10"


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Run a command in an empty folder with nothing but these settings."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, **env: str):
        # Without the object that main() gives: nothing may replace the process that runs the tests.
        return CliRunner().invoke(cli.commands, arguments, env=env, catch_exceptions=False)

    return invoke


@pytest.fixture
def logging_as_it_was():
    """Put the root logger back in order."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_version(invoke):
    """``--version`` prints name and version."""
    assert invoke("--version").output == f"imgsvc, version {__version__}\n"


def test_config_reads_back_what_it_prints(invoke):
    """What ``config`` prints is an environment with the same meaning."""
    env = {
        "IMGSVC_ALLOWED_HOSTS": "b.test,*.a.test,store:",
        "IMGSVC_CONNECT_TO": "x.test=127.0.0.1:1",
        "S3_BUCKET": "b",
    }
    printed = invoke("config", **env).stdout

    assert {"IMGSVC_ALLOWED_HOSTS=b.test,*.a.test,store:", "S3_BUCKET=b"} <= set(printed.splitlines())
    again = Settings.from_env(dict(line.split("=", 1) for line in printed.splitlines() if not line.endswith("=")))
    assert list(again.in_force()) == [tuple(line.split("=", 1)) for line in printed.splitlines()]


def test_no_secret_is_printed(invoke):
    """Secrets are stars, set by whichever name."""
    secrets = dict.fromkeys(
        ("IMGSVC_ADMIN_TOKEN", "IMGSVC_SIGNING_KEYS", "S3_SECRET_ACCESS_KEY", "S3_SESSION_TOKEN", "S3_ACCESS_KEY_ID"),
        "hunter2",
    )
    output = invoke("config", IMGSVC_REDIS_URL="redis://:hunter2@h/0", **secrets).output

    assert "hunter2" not in output
    assert output.count("***") == len(secrets) + 1


def test_a_dotenv_that_cannot_be_read(invoke, tmp_path):
    """A file that is no text is a line and exit code 2, not a traceback."""
    (tmp_path / ".env").write_bytes(b"IMGSVC_PORT=\xff\xfe\n")

    result = invoke("config")

    assert result.exit_code == 2
    assert result.stderr.startswith("imgsvc: .env: cannot be read")


def test_dotenv_in_part(invoke, tmp_path):
    """Comments, names without a value and quotes in ``.env`` are understood."""
    (tmp_path / ".env").write_text("# comment\nIMGSVC_PORT\nIMGSVC_MIN_TTL='7'\nexport IMGSVC_MAX_TTL=8\n")

    lines = invoke("config").stdout.splitlines()

    assert {"IMGSVC_PORT=8080", "IMGSVC_MIN_TTL=7", "IMGSVC_MAX_TTL=8"} <= set(lines)


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
    vectors = json.loads(SIGN_VECTORS.read_text("utf-8"))

    assert len(vectors) > 1
    for vector in vectors:
        printed = invoke("sign", vector["target"], IMGSVC_SIGNING_KEYS=vector["key"]).stdout
        assert printed == vector["signed"] + "\n"


def test_sign_keeps_an_end_and_replaces_it_on_demand(invoke, monkeypatch):
    """An ``exp`` that is there holds, unless another one is asked for; it is never dropped in silence."""
    monkeypatch.setattr(cli.time, "time", lambda: 1000.9)

    kept = dict(signed(invoke, f"{TARGET}&exp=77")[1])
    replaced = dict(signed(invoke, f"{TARGET}&exp=77", "--expires", "60")[1])

    assert (kept["exp"], replaced["exp"]) == ("77", "1060")


def test_sign_refuses_an_end_in_the_past(invoke):
    """``--expires`` is a time from now on."""
    assert invoke("sign", TARGET, "--expires", "0", IMGSVC_SIGNING_KEYS="k").exit_code == 2


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
    """The exit code says it for scripts, one line says why."""
    result = invoke("check-url", url, IMGSVC_ALLOWED_HOSTS="a.test,localhost")

    assert result.exit_code == code
    assert result.stdout.startswith("allowed: " if code == 0 else "denied: ")
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("log_format", "is_terminal", "json_log"),
    [("auto", True, False), ("auto", False, True), ("json", True, True), ("text", False, False)],
)
def test_the_logs_format(monkeypatch, log_format, is_terminal, json_log):
    """JSON is for machines; a terminal, or the setting, makes it text."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)

    assert cli._writes_json(Settings.from_env({"IMGSVC_LOG_FORMAT": log_format})) is json_log


def test_our_own_log_lines_go_by_the_writer(monkeypatch, logging_as_it_was):
    """Lines of the program's own come out in the chosen shape, and all of them before the end."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    with cli._logging(json_log=True):
        logging.getLogger("imgsvc.test").warning("careful")
        logging.getLogger("botocore").info("noise")

    lines = [json.loads(line) for line in sys.stderr.getvalue().splitlines()]
    assert [(line["level"], line["message"]) for line in lines] == [("warning", "careful")]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_first_line_is_a_url(host, capsys):
    """What is announced can be opened, an IPv6 address in brackets."""
    cli._announce(host, 80, demo=False)

    literal = f"[{host}]" if ":" in host else host
    assert capsys.readouterr().out == f"imgsvc {__version__} listening on http://{literal}:80\n"


def test_the_demo_says_what_to_look_at(capsys):
    """With the demo on, addresses to open follow."""
    cli._announce("127.0.0.1", 80, demo=True)

    assert "http://127.0.0.1:80/demo/" in capsys.readouterr().out


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
    monkeypatch.setattr(cli, "find_libraries", lambda: Libraries("/lib/libjemalloc.so.2", glibc=True))
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

    assert start("serve")["MALLOC_ARENA_MAX"]
    assert "LD_PRELOAD" in start("serve", IMGSVC_ALLOCATOR="jemalloc")
    assert "LD_PRELOAD" in start("serve", IMGSVC_ALLOCATOR=" ")


def test_an_allocator_that_is_missing(invoke, monkeypatch):
    """One line that names the setting, and exit code 2."""
    monkeypatch.setattr(cli, "find_libraries", lambda: Libraries(None, glibc=True))
    monkeypatch.delenv("LD_PRELOAD", raising=False)

    result = invoke("serve", IMGSVC_ALLOCATOR="jemalloc")

    assert result.exit_code == 2
    assert result.stderr.startswith("imgsvc: IMGSVC_ALLOCATOR: jemalloc")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("option", [("--port", "70000"), ("--port", "x"), ("--what",)])
def test_wrong_options(invoke, option):
    """Options are checked before anything starts."""
    assert invoke("serve", *option).exit_code == 2


def test_store_init(invoke, tmp_path):
    """The folder is made, and what may be in it is said; done again it is the same."""
    for _ in range(2):
        result = invoke("store", "init", IMGSVC_STORE_MAX_BYTES="7000")

        assert result.exit_code == 0
        assert result.stdout.splitlines() == [
            f"folder {tmp_path}/var/store: there, and can be written to",
            "ceiling: 7000 bytes (IMGSVC_STORE_MAX_BYTES)",
            "taken: 0 bytes, by 0 objects",
        ]


def test_store_init_says_why_it_cannot(invoke, tmp_path):
    """A folder that cannot be made is one line and exit code 1."""
    (tmp_path / "file").write_text("in the way")

    result = invoke("store", "init", IMGSVC_STORE_DIR=f"{tmp_path}/file/store")

    assert result.exit_code == 1
    assert result.stderr == f"imgsvc: folder {tmp_path}/file/store: cannot be written to: Not a directory\n"


def test_store_init_needs_days(invoke):
    """A number of days below 0 is refused before anything is done."""
    assert invoke("store", "init", "--expire-days", "-1").exit_code == 2
