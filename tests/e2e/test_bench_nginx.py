"""What a memory hit is compared with."""

import aiohttp
import pytest

from bench.nginx import static_nginx
from tests.support.tools import require_tool

BODY = b"picture" * 100
HEADERS = [
    ("Content-Type", "image/avif"),
    ("ETag", '"1"'),
    ("Last-Modified", "Thu, 26 Nov 2026 12:40:37 GMT"),
    ("Content-Disposition", 'inline; filename="a \\" b.avif"'),
    ("Accept-Ranges", "bytes"),
    ("Age", "0"),
    ("X-Request-Id", "a-1"),
]


async def test_nginx_gives_the_same(tmp_path) -> None:
    """It serves the bytes with every header as it is, once, and with a request id of its own."""
    require_tool("nginx", "/usr/sbin/nginx")
    (tmp_path / "body").write_bytes(BODY)
    async with (
        static_nginx(tmp_path, "/a", HEADERS) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/a?w=1") as response,
    ):
        assert (response.status, await response.read()) == (200, BODY)
    for name, value in HEADERS:
        (given,) = response.headers.getall(name)
        assert given == value or name == "X-Request-Id"
    assert len(response.headers["X-Request-Id"]) == 32


async def test_a_value_that_nginx_would_replace_is_refused(tmp_path) -> None:
    """A dollar would name a variable of nginx's, so that its answer would be another."""
    with pytest.raises(ValueError, match="variable"):
        async with static_nginx(tmp_path, "/a", [*HEADERS, ("Link", "<$host>")]):
            pass
