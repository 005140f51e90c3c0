"""The S3 store where there is no server: settings, and failures before and on the way."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from msgspec.structs import replace

from imgsvc.errors import StoreError
from imgsvc.settings import StoreSettings
from imgsvc.store.s3 import S3Store
from imgsvc.store.s3_client import _arguments
from imgsvc.store.s3_metadata import to_metadata
from tests.support.blobs import meta_of
from tests.support.tools import free_ports

pytestmark = pytest.mark.slow

KEY = "images/image/k/original"
DATA = b"bytes"


def settings_of(**more: str) -> StoreSettings:
    values = {
        "S3_BUCKET": "bucket",
        "S3_REGION": "us-east-1",
        "S3_ACCESS_KEY_ID": "key",
        "S3_SECRET_ACCESS_KEY": "secret",
        "S3_ADDRESSING_STYLE": "path",
    }
    return StoreSettings.from_env(values | more)


@contextlib.asynccontextmanager
async def server(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]) -> AsyncIterator[str]:
    """A server on loopback that answers each request with what *answer* writes, then closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            answer(reader, writer)
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def response(status: str, body: bytes, declared_bytes: int | None = None, **headers: str) -> bytes:
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    length = len(body) if declared_bytes is None else declared_bytes
    return f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{head}\r\n".encode() + body


def metadata_headers(data: bytes) -> dict[str, str]:
    return {f"x-amz-meta-{name}": text for name, text in to_metadata(meta_of(data)).items()}


def test_bucket_is_needed():
    """A store without a bucket is a mistake of whoever makes it."""
    with pytest.raises(ValueError, match="S3_BUCKET"):
        S3Store(StoreSettings())


def test_settings_reach_the_client():
    """Endpoint, credentials and addressing come from the settings, and nothing is looked up for what they say."""
    arguments = _arguments(settings_of(S3_ENDPOINT_URL="http://s3.test", S3_SESSION_TOKEN="token"))
    assert arguments["endpoint_url"] == "http://s3.test"
    assert arguments["aws_access_key_id"] == "key"
    assert arguments["aws_secret_access_key"] == "secret"
    assert arguments["aws_session_token"] == "token"
    assert arguments["config"].s3["addressing_style"] == "path"
    assert arguments["config"].request_checksum_calculation == "when_required"


def test_settings_left_out():
    """What the settings do not say is left to botocore."""
    arguments = _arguments(StoreSettings.from_env({"S3_BUCKET": "b"}))
    assert {k for k, v in arguments.items() if v is None} == {
        "endpoint_url", "region_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
    }  # fmt: skip


def test_nothing_is_loaded_before_it_is_used():
    """The store is made without botocore's session and aiobotocore, which take a tenth of a second to load."""
    code = (
        "import sys; from imgsvc.settings import StoreSettings; from imgsvc.store.s3 import S3Store;"
        "S3Store(StoreSettings.from_env({'S3_BUCKET': 'b'}));"
        "print([name for name in ('aiobotocore', 'botocore.session', 'botocore.auth') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "[]\n"


async def test_nobody_listens():
    """A server that is not there is a StoreError that names neither address nor key, and is counted."""
    port = free_ports(1)[0]
    store = S3Store(settings_of(S3_ENDPOINT_URL=f"http://127.0.0.1:{port}"))
    with pytest.raises(StoreError) as caught:
        await store.get(KEY)
    assert str(port) not in caught.value.detail
    assert store.statistics().failures == 1
    await store.aclose()


@pytest.mark.parametrize(
    "wrong",
    [{"s3_secret_access_key": None}, {"s3_bucket": "arn:aws:s3:none"}],
    ids=["half-credentials", "bucket"],
)
async def test_settings_that_make_no_client(wrong: dict[str, str | None]):
    """Settings no client can be made with fail every call as StoreError, and close cleanly."""
    store = S3Store(replace(settings_of(S3_ENDPOINT_URL="http://127.0.0.1:9"), **wrong))
    for _ in range(2):
        with pytest.raises(StoreError):
            await store.ping()
    await store.aclose()


async def test_closed_unused():
    """A store that was never asked anything closes without making a client."""
    store = S3Store(settings_of())
    await store.aclose()
    with pytest.raises(StoreError, match="closed"):
        await store.get(KEY)


async def test_first_asker_leaves():
    """When the only one to ask leaves while the client is made, closing waits for it and nothing is left."""
    store = S3Store(settings_of(S3_ENDPOINT_URL="http://127.0.0.1:9"))
    get = asyncio.create_task(store.get(KEY))
    await asyncio.sleep(0)
    get.cancel()
    await asyncio.wait((get,))
    await store.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_body_breaks_off():
    """A body that ends before its declared length is a failure, not damage: the object may be sound."""
    head = response("200 OK", DATA, declared_bytes=1000, **metadata_headers(DATA))
    async with server(lambda _, w: w.write(head)) as url:
        store = S3Store(settings_of(S3_ENDPOINT_URL=url))
        with pytest.raises(StoreError):
            await store.get(KEY)
        assert (store.statistics().failures, store.statistics().damaged) == (1, 0)
        await store.aclose()


async def test_answers_without_sense():
    """A server that is no S3 is a failure."""
    async with server(lambda _, w: w.write(response("500 Oops", b"<html>"))) as url:
        store = S3Store(settings_of(S3_ENDPOINT_URL=url))
        with pytest.raises(StoreError, match="500"):
            await store.get(KEY)
        await store.aclose()


@pytest.mark.parametrize("status", ["412 Precondition Failed", "409 Conflict"])
async def test_conditional_write_loses(status: str):
    """Both answers of a conditional write that lost mean False; without the condition they are failures."""
    code = "PreconditionFailed" if status.startswith("412") else "ConditionalRequestConflict"
    body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
    async with server(lambda _, w: w.write(response(status, body))) as url:
        store = S3Store(settings_of(S3_ENDPOINT_URL=url))
        assert await store.put(KEY, DATA, meta_of(DATA), if_absent=True) is False
        with pytest.raises(StoreError):
            await store.put(KEY, DATA, meta_of(DATA))
        assert store.statistics().writes == 0
        await store.aclose()


async def test_write_answered_not_found():
    """A write answered 404 has failed, it has not missed."""
    async with server(lambda _, w: w.write(response("404 Not Found", b""))) as url:
        store = S3Store(settings_of(S3_ENDPOINT_URL=url))
        with pytest.raises(StoreError):
            await store.put(KEY, DATA, meta_of(DATA))
        assert await store.get(KEY) is None
        await store.aclose()


async def test_damage_that_cannot_be_deleted():
    """Damage in a bucket that may not be written to is a miss all the same."""

    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            response("200 OK", b"other", **metadata_headers(DATA)) if next(answers) else response("403 No", b"")
        )

    answers = iter([True, False])
    async with server(answer) as url:
        store = S3Store(settings_of(S3_ENDPOINT_URL=url))
        assert await store.get(KEY) is None
        assert store.statistics().damaged == 1
        await store.aclose()
