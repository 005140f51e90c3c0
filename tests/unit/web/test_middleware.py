"""What every answer has, and what becomes of every error."""

import json
import logging

import pytest
from aiohttp import web

from imgsvc import errors
from tests.support.wire import serving

pytestmark = pytest.mark.slow

SECRET = "10.1.2.3 password"


def raising(error: BaseException):
    async def handler(_request):
        raise error

    return [web.get("/raise", handler)]


async def ask(tmp_path, handler_routes, *lines: str, target: str = "/raise", method: str = "GET"):
    async with serving(tmp_path, routes=handler_routes) as server, await server.connect() as wire:
        await wire.send("\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", *lines, "", ""]).encode("latin-1"))
        return await wire.reply(head_only=method == "HEAD")


async def test_an_unforeseen_error(tmp_path, caplog):
    """A bug is 500 with a document that tells nothing, and a log line with a traceback but without the query."""
    reply = await ask(tmp_path, raising(ZeroDivisionError(SECRET)), target="/raise?token=hidden")

    document = json.loads(reply.body)
    assert (reply.status, document["code"]) == (500, "internal-error")
    assert SECRET not in reply.body.decode()
    assert reply.headers["cache-control"] == "no-store"
    assert document["request_id"] == reply.headers["x-request-id"]
    assert "ZeroDivisionError" in caplog.text
    assert "hidden" not in caplog.text


async def test_a_store_error(tmp_path, caplog):
    """An error of the store that reaches the edge is 500 without its detail; the log has it."""
    reply = await ask(tmp_path, raising(errors.StoreError(SECRET)))

    assert reply.status == 500
    assert SECRET not in reply.body.decode()
    assert SECRET in caplog.text


async def test_no_path_writes_a_line_of_its_own_into_the_log(tmp_path, caplog):
    """Line breaks in a path stay escaped in the log."""

    async def broken(_request):
        raise ValueError("x")

    await ask(tmp_path, [web.get("/x/{tail}", broken)], target="/x/%0aforged%20line")

    assert "\nforged" not in caplog.text
    assert "%0aforged" in caplog.text.lower()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidRequest("w is wrong", param="w"), 400, "bad-parameter"),
        (errors.Draining("ends"), 503, "draining"),
        (web.HTTPRequestEntityTooLarge(1, 2), 413, "too-large"),
        (web.HTTPForbidden(text=SECRET), 403, "forbidden"),
    ],
)
async def test_errors_are_documents(tmp_path, error, status, code):
    """Our errors and the framework's come out alike."""
    reply = await ask(tmp_path, raising(error))

    document = json.loads(reply.body)
    assert (reply.status, document["status"], document["code"]) == (status, status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert SECRET not in reply.body.decode()
    assert ("retry-after" in reply.headers) == (status == 503)


async def test_a_lost_connection_is_no_error(tmp_path, caplog):
    """A handler that finds its client gone ends the connection, and nothing is logged."""
    caplog.set_level(logging.INFO)
    async with (
        serving(tmp_path, routes=raising(ConnectionResetError("gone"))) as server,
        await server.connect() as wire,
    ):
        await wire.send(b"GET /raise HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await wire.rest() == b""

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc-1.2_3", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("a b", False),
        ("", False),
        ("ü", False),
        ("a\tb", False),
        ("<script>", False),
    ],
)
async def test_request_ids(tmp_path, given, kept):
    """A decent name of the client's is kept, any other is replaced by one of ours."""
    reply = await ask(tmp_path, [], f"X-Request-Id: {given}", target="/api/health/live")

    assert (reply.headers["x-request-id"] == given) is kept
    assert reply.headers["x-request-id"].isascii()


async def test_errors_by_head(tmp_path):
    """An error answered to HEAD has its headers and no body."""
    reply = await ask(tmp_path, raising(errors.BadKey("no")), method="HEAD")

    assert (reply.status, reply.headers["content-type"]) == (400, "application/problem+json")
    assert int(reply.headers["content-length"]) > 0
