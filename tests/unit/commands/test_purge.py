"""``imgsvc purge`` where no service answers; that one does what it is asked is shown in integration."""

import json
import socket

import pytest

from tests.support.answering import answering


def test_purge_needs_the_token(invoke):
    """Without the running service's token nothing is sent."""
    result = invoke("purge", "--tag", "red")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("imgsvc: IMGSVC_ADMIN_TOKEN: ")
    assert result.stderr.count("\n") == 1


def test_purge_needs_something_to_purge(invoke):
    """A purge of nothing is a mistake in the command line."""
    result = invoke("purge", "--hard", IMGSVC_ADMIN_TOKEN="t")

    assert result.exit_code == 2
    assert "--url, --prefix, --domain or --tag" in result.stderr


def test_purge_needs_to_know_where(invoke):
    """A service at any free port has to be named."""
    result = invoke("purge", "--tag", "red", IMGSVC_ADMIN_TOKEN="t", IMGSVC_PORT="0")

    assert result.exit_code == 2
    assert "--server" in result.stderr


def test_purge_of_a_service_that_is_not_there(invoke):
    """One line names the settings that say where it is; exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    result = invoke("purge", "--tag", "red", IMGSVC_ADMIN_TOKEN="s3cret", IMGSVC_PORT=port)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"imgsvc: http://127.0.0.1:{port} cannot be asked (--server, IMGSVC_HOST")
    assert "s3cret" not in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("server", ["127.0.0.1:8080", "ftp://img.test", "http://[x", "http://img.test:99999"])
@pytest.mark.parametrize("command", [("purge", "--tag", "red"), ("health",)], ids=["purge", "health"])
def test_a_server_that_is_none(invoke, command, server):
    """What cannot be asked at all is a mistake in the command line, not a service that does not answer."""
    result = invoke(*command, "--server", server, IMGSVC_ADMIN_TOKEN="t")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--server" in result.stderr


def test_as_json(invoke):
    """What was done, and where, for programs."""
    with answering(200, b'{"purged": 3, "mode": "soft"}') as (url, _):
        result = invoke("purge", "--tag", "red", "--json", "--server", url, IMGSVC_ADMIN_TOKEN="t")

    assert json.loads(result.stdout) == {"purged": 3, "mode": "soft", "server": url}
