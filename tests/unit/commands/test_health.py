"""``imgsvc health``: a probe's exit code and its line."""

import json
import subprocess
import sys

import pytest

from imgsvc.commands.health import DEFAULT_HOST, DEFAULT_PORT
from imgsvc.settings import Settings
from tests.support.answering import answering
from tests.support.process import python_environment

DEGRADED = b'{"status": "degraded", "reasons": ["store-failing"], "version": "1"}'
DRAINING = b'{"status": "unhealthy", "reasons": ["draining"]}'


@pytest.mark.parametrize(
    ("code", "answer", "exit_code", "line"),
    [(200, DEGRADED, 0, "degraded: store-failing\n"), (503, DRAINING, 1, "unhealthy: draining\n")],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", ""])  # noqa: S104 - to be reached, not to listen at
def test_where_the_settings_say(invoke, host, code, answer, exit_code, line):
    """The service is asked where it listens; any address is the loopback one, and blank is the default."""
    with answering(code, answer) as (url, asked):
        result = invoke("health", IMGSVC_HOST=host, IMGSVC_PORT=f" {url.rpartition(':')[2]} ")

    assert (result.exit_code, result.stdout, result.stderr) == (exit_code, line, "")
    assert asked[0][0] == "/api/health"


def test_dotenv_counts(invoke, tmp_path):
    """The service's own .env says where it is, as it does for the service."""
    with answering(200, DEGRADED) as (url, _):
        (tmp_path / ".env").write_text(f"IMGSVC_PORT={url.rpartition(':')[2]}\n")
        assert invoke("health").exit_code == 0


def test_a_named_server_as_json(invoke):
    """--server goes before the settings; programs get the whole answer."""
    with answering(200, DEGRADED) as (url, _):
        result = invoke("health", "--server", url, "--json", IMGSVC_PORT="nonsense")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "status": "degraded", "reasons": ["store-failing"], "server": url, "answer": json.loads(DEGRADED),
    }  # fmt: skip


@pytest.mark.parametrize("port", ["x", "0", "65536", "-1", "８０", "1" * 5000])
def test_a_port_that_is_none(invoke, port):
    """A setting that makes no sense is exit code 2 and a line that names it; so is 0, which is any port."""
    result = invoke("health", IMGSVC_PORT=port)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("imgsvc: IMGSVC_PORT: ")


def test_nobody_there(invoke):
    """Whoever is not reached is not healthy; the line says so on standard output, where probes look."""
    result = invoke("health", "--server", "http://127.0.0.1:1", "--timeout", "5")

    assert result.exit_code == 1
    assert result.stdout.startswith("unreachable: http://127.0.0.1:1 cannot be asked")
    assert result.stdout.count("\n") == 1


def test_the_defaults_are_the_settings():
    """What is written down twice, for speed, is the same."""
    server = Settings().server

    assert (server.host, str(server.port)) == (DEFAULT_HOST, DEFAULT_PORT)


def test_a_probe_loads_next_to_nothing(tmp_path):
    """Neither settings nor event loop nor pictures are loaded: probes come every few seconds, in every container."""
    heavy = ("aiohttp", "asyncio", "msgspec", "pyvips", "rich", "yarl", "imgsvc.settings", "imgsvc.app")
    with answering(200, DEGRADED) as (url, _):
        code = (
            "import sys; from imgsvc.cli import commands\n"
            f"commands(['health', '--server', {url!r}], standalone_mode=False) if 0 else None\n"
            f"try: commands(['health', '--server', {url!r}])\n"
            "except SystemExit as end: assert end.code == 0\n"
            f"print([name for name in {heavy!r} if name in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=python_environment({}), capture_output=True, check=True
        )

    assert done.stdout.splitlines() == [b"degraded: store-failing", b"[]"]


def test_what_others_say_moves_no_cursor(invoke):
    """Whoever answers in the service's place may have written anything into its answer."""
    said = json.dumps({"status": "degraded", "reasons": ["\x1b[31m\x1b]0;title\x07\r\n"]}).encode()
    with answering(200, said) as (url, _):
        result = invoke("health", "--server", url)

    assert result.stdout == "degraded: ?[31m?]0;title???\n"
