"""Answers of a bucket in the client's words, from a server that sends what the test says."""

from datetime import UTC, datetime

import pytest

from imgsvc.store.s3_answers import in_words, parsed
from imgsvc.store.s3_metadata import to_metadata
from tests.support.blobs import meta_of
from tests.unit.store.test_s3 import DATA, response
from tests.unit.store.test_s3_connections import Server, opened, serving

pytestmark = pytest.mark.slow

WRITTEN = "Thu, 01 Jan 2026 02:03:04 GMT"
THEIRS = response("200 OK", DATA, X_Amz_Meta_Colour="Red", ETag='"e"', Last_Modified=WRITTEN)
OURS = response(
    "200 OK",
    DATA,
    Content_Type="image/webp",
    Last_Modified=WRITTEN,
    **{f"X-AMZ-META-{name.upper()}": text for name, text in to_metadata(meta_of(DATA)).items()},
)


async def test_object_of_somebody_else():
    """Of an object that others wrote it says when, and what it does not say is missing."""
    async with serving(Server(THEIRS)) as server, opened(server.url) as http:
        answer = in_words(await http.send("GET", server.url, {}))
        assert await answer.pop("Body").read() == DATA
        assert answer == {
            "ContentLength": len(DATA),
            "ETag": '"e"',
            "LastModified": datetime(2026, 1, 1, 2, 3, 4, tzinfo=UTC),
            "Metadata": {"colour": "Red"},
        }


async def test_object_of_ours():
    """Of one of ours its metadata says it, whatever case its names came in."""
    async with serving(Server(OURS)) as server, opened(server.url) as http:
        answer = in_words(await http.send("GET", server.url, {}))
        assert answer["Metadata"] == to_metadata(meta_of(DATA))
        assert answer["ContentType"] == "image/webp"
        assert not answer.keys() & {"ETag", "LastModified"}
        answer["Body"].close()


@pytest.mark.parametrize(("is_read", "connections"), [(True, 1), (False, 2)], ids=["read", "left"])
async def test_body_that_is_closed(is_read: bool, connections: int):
    """A connection whose body was read is used again, one whose body was left is closed."""
    part = len(DATA) - 1
    cut = OURS[:-1]
    async with serving(Server(OURS if is_read else cut, OURS)) as server, opened(server.url) as http:
        body = in_words(await http.send("GET", server.url, {}))["Body"]
        assert await body.read() == DATA if is_read else await body.read(part) == DATA[:part]
        body.close()
        assert await in_words(await http.send("GET", server.url, {}))["Body"].read() == DATA
        assert server.connections == connections


async def test_error():
    """An error is what botocore's parser makes of it, and its connection is used again."""
    error = response("404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>", X_Amz_Request_Id="id")
    async with serving(Server(error)) as server, opened(server.url) as http:
        for _ in range(2):
            answer = await parsed(await http.send("GET", server.url, {}))
            assert answer["Error"]["Code"] == "NoSuchKey"
            assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"] == "id"
        assert server.connections == 1
