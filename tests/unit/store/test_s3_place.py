"""Where a bucket lies, held against what botocore's own client sends."""

import asyncio
import datetime as dt
import re
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import botocore.auth
import pytest
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import BadKey
from imgsvc.model.keys import validate_key
from imgsvc.settings import StoreSettings
from imgsvc.store.s3_client import _arguments
from imgsvc.store.s3_place import Place, place_of
from imgsvc.store.s3_plain import PlainReader, plain_reader
from imgsvc.store.s3_reads import METHODS, headers_of

pytestmark = pytest.mark.slow

KEYS = ("images/a b+c%41/ünï~çødé", "a&b=c;d,e/$@!*'()", "x?y#z[]")
PLAIN = [
    {"S3_ENDPOINT_URL": "http://127.0.0.1:9000", "S3_REGION": "us-east-1"},
    {"S3_ENDPOINT_URL": "http://127.0.0.1:9000/", "S3_ADDRESSING_STYLE": "path"},
    {"S3_ENDPOINT_URL": "https://s3.test:443", "S3_REGION": "auto", "S3_ADDRESSING_STYLE": "virtual"},
    {"S3_ENDPOINT_URL": "http://s3.test:8333", "S3_REGION": "fr-par", "S3_ADDRESSING_STYLE": "virtual"},
    {"S3_ENDPOINT_URL": "https://[::1]:9000", "S3_REGION": "garage"},
    {"S3_REGION": "us-east-1"},
    {},
    {"S3_ADDRESSING_STYLE": "path"},
    {"S3_REGION": "eu-central-1"},
    {"S3_REGION": "eu-central-1", "S3_ADDRESSING_STYLE": "path"},
    {"S3_REGION": "eu-central-1", "S3_ADDRESSING_STYLE": "virtual"},
    {"S3_REGION": "cn-north-1"},
    {"S3_REGION": "us-gov-west-1"},
    {"S3_REGION": "eu-west-9"},
    {"AWS_DEFAULT_REGION": "ap-south-1"},
    {"AWS_ENDPOINT_URL_S3": "http://s3.test", "S3_REGION": "us-west-2"},
    {"AWS_ENDPOINT_URL": "http://all.test", "S3_ADDRESSING_STYLE": "virtual"},
    {"AWS_ENDPOINT_URL": "http://all.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    {"S3_SESSION_TOKEN": "a/token+of=some length", "S3_REGION": "eu-west-1"},
]
PECULIAR = [
    {"S3_BUCKET": "dotted.bucket"},
    {"S3_BUCKET": "Upper"},
    {"S3_BUCKET": "one--usw2-az1--x-s3", "S3_REGION": "us-west-2"},
    {"S3_BUCKET": "point-s3alias"},
    {"S3_BUCKET": "arn:aws:s3:eu-west-1:123456789012:accesspoint/point"},
    {"S3_REGION": "aws-global"},
    {"S3_REGION": "fips-us-gov-west-1"},
    {"S3_REGION": "atlantis"},
    {"AWS_USE_FIPS_ENDPOINT": "true", "S3_REGION": "us-east-1"},
    {"AWS_USE_DUALSTACK_ENDPOINT": "true", "S3_REGION": "eu-west-1"},
    {"AWS_DEFAULTS_MODE": "standard", "S3_REGION": "us-east-1"},
    {"S3_ENDPOINT_URL": "http://s3.test/prefix"},
    {"S3_ENDPOINT_URL": "http://127.0.0.1:9000", "S3_ADDRESSING_STYLE": "virtual"},
    {"S3_ENDPOINT_URL": "https://s3-accelerate.amazonaws.com"},
]


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the developer's own configuration from botocore."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signer's clock stands still."""
    now = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: now)


def settings_of(values: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> StoreSettings:
    for name, value in values.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    base = {"S3_BUCKET": "pictures", "S3_ACCESS_KEY_ID": "key", "S3_SECRET_ACCESS_KEY": "secret"}
    return StoreSettings.from_env(base | {n: v for n, v in values.items() if n.startswith("S3_")})


Call = tuple[str, dict[str, str]]


async def of_client(settings: StoreSettings, calls: list[Call]) -> list[Any]:
    """Give the requests that the client would send."""
    sent = []

    async def instead(request: Any, **_: Any) -> AioAWSResponse:
        sent.append(request)

        async def read() -> bytes:
            return b""

        return AioAWSResponse(request.url, 200, {"content-length": "0"}, SimpleNamespace(read=read))

    async with get_session().create_client("s3", **_arguments(settings)) as client:
        client.meta.events.register("before-send.s3", instead)
        for operation, arguments in calls:
            await getattr(client, operation)(Bucket=settings.s3_bucket, **arguments)
    return sent


async def of_reader(opening: Coroutine[Any, Any, PlainReader], calls: list[Call]) -> list[Any]:
    """Give the requests that are sent without the client."""
    reader = await opening
    sent = [
        await reader._signed(METHODS[operation], arguments.pop("Key"), headers_of(arguments))
        for operation, arguments in calls
    ]
    await reader.aclose()
    return sent


def texts(request: Any) -> dict[str, str]:
    """Give what of its headers the signature is about, and the signature."""
    wanted = {"authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "range", "if-match"}
    headers = {n.lower(): v.decode() if isinstance(v, bytes) else v for n, v in request.headers.items()}
    return {n: v for n, v in headers.items() if n in wanted}


@pytest.mark.parametrize("values", PLAIN, ids=str)
@pytest.mark.usefixtures("clock")
def test_same_request_as_the_client(values: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    """Address, escapes, region and signature are those of botocore's own client."""
    settings = settings_of(values, monkeypatch)
    calls: list[Call] = [
        *(("get_object", {"Key": key}) for key in KEYS),
        ("get_object", {"Key": "k", "Range": "bytes=1-2", "IfMatch": '"e"'}),
        ("head_object", {"Key": "k"}),
    ]
    theirs = asyncio.run(of_client(settings, calls))
    ours = asyncio.run(of_reader(plain_reader(settings), calls))
    assert [request.url for request in ours] == [request.url for request in theirs]
    assert [texts(request) for request in ours] == [texts(request) for request in theirs]


@pytest.mark.parametrize("values", PECULIAR, ids=str)
def test_left_to_the_client(values: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    """Buckets and configurations that are not plain have no place that could be wrong."""
    assert place_of(settings_of(values, monkeypatch), get_session()) is None


@pytest.mark.parametrize("text", ["s3 =\n  use_accelerate_endpoint = true\n", "sigv4a_signing_region_set = *\n"])
def test_configuration_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """So have those that a file of botocore's says something peculiar of."""
    (tmp_path / "config").write_text(f"[default]\nregion = eu-west-1\n{text}")
    assert place_of(settings_of({}, monkeypatch), get_session()) is None
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n")
    assert place_of(settings_of({}, monkeypatch), get_session()) == Place(
        "https://s3.eu-west-1.amazonaws.com", "https://pictures.s3.eu-west-1.amazonaws.com", "eu-west-1"
    )


@given(st.text(max_size=60))
def test_url_is_ascii_and_leads_back(key: str):
    """Whatever a key holds, its URL is of unreserved characters, slashes and escapes, and no other key has it."""
    try:
        validate_key(key)
    except BadKey:
        return
    url = Place("http://h", "http://h/b", "r").url_of(key)
    assert re.fullmatch(r"http://h/b/[A-Za-z0-9._~/%-]+", url)
    assert unquote(url) == f"http://h/b/{key}"
