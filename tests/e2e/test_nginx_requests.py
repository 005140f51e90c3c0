"""What the shipped nginx sends where, and how: routes, headers, large answers; a scripted server plays imgsvc."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.nginx import scripted_front

PATH = "/api/cache/images"
PUBLIC = {"Cache-Control": "public, max-age=14400, stale-while-revalidate=86400"}
MIB = 1024 * 1024

OURS = (
    "/api/cache/images", "/_next/image", "/api/logo", "/api/logo/invert", "/api/logo/candidates", "/logo/shop.test",
    "/s2/favicons", "/icon", "/api/og-image", "/api/og-data", "/api/twitter-image/profile_images/1/a.jpg",
    "/api/assets/0b7a6a3e-0000-4000-8000-000000000000", "/api/health", "/api/health/live",
)  # fmt: skip
THE_SITES = (
    "/", "/about", "/_next/static/a.js", "/_next/imagery", "/iconic", "/logo", "/logo/a/b", "/api/logos", "/api/mail",
    "/metrics", "/api/health/metrics", "/api/purge", "/api/validate-logo", "/docs", "/openapi.json",
    "/icon/../metrics", "/icon/%2e%2e/metrics", "/api/assets/../purge", "/api/twitter-image/..%2f..%2fmetrics",
)  # fmt: skip


async def test_each_route_goes_where_it_belongs(tmp_path):
    """Public routes are imgsvc's; those of operators, and all that only look like ours, are the site's."""
    async with scripted_front(tmp_path) as front:
        for target in (*OURS, *THE_SITES):
            await front.ask(f"{target}?a=b")

        start = [r.target for r in front.replica.requests].index(f"{OURS[0]}?a=b")
        assert [r.target for r in front.replica.requests[start:]] == [f"{path}?a=b" for path in OURS]
        assert [r.target for r in front.site.requests] == [f"{path}?a=b" for path in THE_SITES]


async def test_what_a_client_cannot_say(tmp_path):
    """Who asks is said by nginx alone; cookies stay outside, and a bad name for the request is replaced."""
    async with scripted_front(tmp_path) as front:
        front.replica.serve(PATH, b"picture")
        forged = {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "https", "Cookie": "session=secret"}
        answers = [await front.ask(f"{PATH}?w=1", X_Request_Id=n, **forged) for n in ("mine-1", 'no"ne', "x" * 129)]

        asked = [r.headers for r in front.replica.requests if r.path == PATH]
        names = ("X-Forwarded-For", "X-Forwarded-Proto", "Cookie", "Host")
        assert [[a.get(name) for name in names] for a in asked] == [["127.0.0.1", "http", None, "127.0.0.1"]] * 3
        assert [a.headers.getall("X-Request-Id") for a in answers] == [[a["X-Request-Id"]] for a in asked]
        assert asked[0]["X-Request-Id"] == "mine-1"
        assert len({a["X-Request-Id"] for a in asked}) == 3
        assert all(len(a["X-Request-Id"]) == 32 for a in asked[1:])
        assert [a.headers["Server"] for a in answers] == ["nginx"] * 3


async def test_a_body_ends_here(tmp_path):
    """No route that is imgsvc's takes one: what a client sends behind its request is not passed on."""
    async with scripted_front(tmp_path) as front:
        front.replica.serve(PATH, b"picture")
        url = f"{front.base_url}{PATH}?w=1"
        async with front.session.get(url, data=b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n") as response:
            assert (response.status, await response.read()) == (200, b"picture")

        (asked,) = [r for r in front.replica.requests if r.path == PATH]
        assert {"Content-Length", "Transfer-Encoding", "Content-Type"} & {*asked.headers} <= {"Content-Type"}
        assert front.hits("/metrics") == 0


async def test_what_decides_reaches_imgsvc(tmp_path):
    """Headers by which imgsvc chooses format, size and colour scheme pass as they are."""
    hints = {"Accept": "image/avif,*/*;q=0.8", "Save-Data": "on", "Sec-CH-DPR": "2", "Sec-CH-Width": "640",
             "Sec-CH-Prefers-Color-Scheme": "dark"}  # fmt: skip
    async with scripted_front(tmp_path) as front:
        front.replica.serve(PATH, b"picture")
        await front.ask(PATH, **hints)

        asked = front.replica.requests[-1].headers
        assert {name: asked[name] for name in hints} == hints


async def test_longest_urls_pass_and_are_kept(tmp_path):
    """A source URL of 3,072 characters, encoded three times, passes byte for byte, and a Link as long comes back."""
    source = f"http://img.test/{quote('é' * 509)}aa"
    target = f"{PATH}?url={quote(quote(source, safe=''), safe='')}"
    async with scripted_front(tmp_path) as front:
        link = f'<{source}>; rel="canonical"'
        front.replica.serve(PATH, b"picture", headers=PUBLIC | {"Link": link})
        answers = [await front.ask(target) for _ in range(2)]

        assert (len(source), len(target)) == (3072, 7182)
        assert [(a.status, a.body, a.headers["Link"]) for a in answers] == [(200, b"picture", link)] * 2
        assert [r.target for r in front.replica.requests if r.path == PATH] == [target]


async def test_the_site_gets_what_it_is_sent(tmp_path):
    """The site gets its cookies, host and port, and its answers are passed on as they are, never kept."""
    async with scripted_front(tmp_path) as front:
        front.site.serve("/page", b"page", headers=PUBLIC | {"X-Cache": "the site's", "Set-Cookie": "a=1"})
        answers = [await front.ask("/page", Cookie="b=2", X_Forwarded_For="203.0.113.9") for _ in range(2)]

        asked = front.site.requests[-1].headers
        told = (asked["Cookie"], asked["Host"], asked["X-Forwarded-Host"], asked["X-Forwarded-For"])
        host = front.base_url.removeprefix("http://")
        assert told == ("b=2", host, host, "127.0.0.1")
        assert [(a.body, a.headers["X-Cache"], a.headers["Set-Cookie"]) for a in answers] == [
            (b"page", "the site's", "a=1")
        ] * 2
        assert front.site.hits("/page") == 2


async def test_web_sockets_reach_the_site(tmp_path):
    """A connection that is to become another protocol is handed through, both ways."""

    async def behave(exchange):
        assert exchange.request.headers["Connection"].lower() == "upgrade"
        await exchange.head(101, {"Upgrade": exchange.request.headers["Upgrade"], "Connection": "Upgrade"})
        await exchange.send(b"hello")
        await exchange.stall()

    async with scripted_front(tmp_path) as front, asyncio.timeout(60):
        front.site.script("/socket", behave)
        host, _, port = front.base_url.removeprefix("http://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101")
        assert await reader.readexactly(5) == b"hello"
        writer.close()
        await writer.wait_closed()


async def test_a_large_answer_begins_at_once_and_waits_for_its_client(tmp_path):
    """Of a large answer the client has the first bytes before the last are there, and nothing of it goes to disk."""
    sent = []
    opened, finished = asyncio.Event(), asyncio.Event()

    async def behave(exchange):
        await exchange.head(headers=PUBLIC | {"Content-Length": str(64 * MIB)})
        for number in range(64):
            await exchange.send(bytes(MIB))
            sent.append(number)
            if number == 0:
                await opened.wait()
        finished.set()

    async with scripted_front(tmp_path) as front, asyncio.timeout(60):
        front.replica.script(PATH, behave)
        async with front.session.get(f"{front.base_url}{PATH}?w=1") as response:
            assert len(await response.content.readexactly(MIB // 2)) == MIB // 2
            assert len(sent) == 1
            opened.set()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(finished.wait(), 0.5)
            assert not [path for path in _files(tmp_path) if path.stat().st_size > MIB]
            rest = [len(piece) async for piece in response.content.iter_any()]
        assert sum(rest) == 64 * MIB - MIB // 2
        assert not list(_files(tmp_path / "cache"))


async def test_a_small_answer_does_not_wait_for_its_client(tmp_path):
    """What is kept is taken from imgsvc at once, however slowly its client reads."""
    body = bytes(range(256)) * (4 * MIB // 256)
    sent = asyncio.Event()

    async def behave(exchange):
        await exchange.answer(body, headers=PUBLIC)
        sent.set()

    async with scripted_front(tmp_path) as front, asyncio.timeout(60):
        front.replica.script(PATH, behave)
        async with front.session.get(f"{front.base_url}{PATH}?w=1") as response:
            await sent.wait()
            async with asyncio.timeout(60):
                while not list(_files(tmp_path / "cache")):
                    await asyncio.sleep(0.02)
            assert await response.read() == body


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
