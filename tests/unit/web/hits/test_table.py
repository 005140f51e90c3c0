"""Answers that may be given again: as long as memory has them, and as it has them now."""

from urllib.parse import quote
from weakref import ref

import pytest
from msgspec.structs import replace
from multidict import CIMultiDict

from imgsvc.web.hits import table
from imgsvc.web.hits.heads import DECIDING
from tests.integration.test_access import signed
from tests.unit.web.hits.asking import (
    PICTURE,
    answered,
    ask,
    get,
    headers_of,
    hitting,
    table_of,
    target_of,
    warm,
)

pytestmark = pytest.mark.slow

LIVE = get("/api/health/live")

HARMLESS = {"x-request-id", "expect", "content-length", "transfer-encoding", "authorization", "x-forwarded-for"}
"""Told apart in another way, on the way to answers that are not from memory, or not simple."""


async def test_what_leaves_memory_is_answered_no_more(tmp_path):
    """After a purge nothing is left here either, not even the picture's bytes."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, memory = get(target_of(origin)), server.opened.owners["memory"]
        await warm(server, wire, request)
        await ask(wire, request)
        before = memory.statistics()
        memory.clear("purged")
        after = await ask(wire, request)

        assert headers_of(after)["X-Source"] == "store"
        assert answered(server) == 1
        assert memory.statistics().misses - before.misses <= 2
        await warm(server, wire, request)
        assert answered(server) == 2


async def test_what_somebody_else_still_holds_is_missed_once(tmp_path):
    """A picture that memory has dropped, and somebody still has, is looked up in vain by the slow path alone."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, memory = get(target_of(origin)), server.opened.owners["memory"]
        missed = []
        for is_held in (False, True):
            await warm(server, wire, request)
            await ask(wire, request)
            held = memory.blobs() if is_held else []
            before = memory.statistics().misses
            memory.clear("purged")
            after = await ask(wire, request)
            missed.append(memory.statistics().misses - before)
            assert headers_of(after)["X-Source"] == "store"
            assert len(held) == is_held

        assert missed[0] == missed[1]


async def test_no_bytes_are_held(tmp_path):
    """The table keeps no picture alive."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        await warm(server, wire, request)
        await ask(wire, request)
        (hit,) = table_of(server)._hits.values()
        was_there = hit.blob() is not None
        server.opened.owners["memory"].clear("purged")

        assert (was_there, hit.blob()) == (True, None)


async def test_what_is_replaced_is_answered_as_it_is_now(tmp_path):
    """Other bytes under the same name: the answer, and whether a client has it already, follow at once."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        memory = server.opened.owners["memory"]
        whole = get(target_of(origin))
        slow = await warm(server, wire, whole)
        known = get(target_of(origin), f"If-None-Match: {headers_of(slow)['ETag']}")
        assert (await warm(server, wire, known))[9:12] == b"304"
        assert (await ask(wire, known))[9:12] == b"304"
        await ask(wire, whole)
        (blob,) = memory.blobs()
        memory.put(replace(blob, data=b"new", meta=replace(blob.meta, sha256="0" * 64)))
        answers = await ask(wire, whole), await ask(wire, known)

        assert [each[9:12] for each in answers] == [b"200", b"200"]
        assert [each.rpartition(b"\r\n\r\n")[2] for each in answers] == [b"new", b"new"]
        assert headers_of(answers[0])["ETag"] == '"' + "0" * 32 + '"'


async def test_signatures_end(tmp_path):
    """What a signature lets pass is answered until its end and not after, by whichever path."""
    signing = {"IMGSVC_ALLOWED_HOSTS": "", "IMGSVC_SIGNING_KEYS": "k"}
    async with hitting(tmp_path, **signing) as (server, origin), await server.connect() as wire:
        target = signed(["k"], url=origin.url("/a.png"), f="original", exp="4000000000")
        await warm(server, wire, get(target))
        fast = await ask(wire, get(target))
        assert answered(server) == 1
        server.opened.services.access._clock = lambda: 4000000000.0

        assert fast[9:12] == b"200"
        assert (await ask(wire, get(target)))[9:12] == b"410"
        assert answered(server) == 1


class Watched(CIMultiDict):
    """Headers that note which of them is looked at."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.seen: set[str] = set()

    def __contains__(self, name: str) -> bool:
        self.seen.add(str(name).lower())
        return super().__contains__(name)

    def __getitem__(self, name: str) -> str:
        self.seen.add(str(name).lower())
        return super().__getitem__(name)

    def get(self, name: str, *default: object) -> str:
        self.seen.add(str(name).lower())
        return super().get(name, *default)

    def getall(self, name: str, *default: object) -> list[str]:
        self.seen.add(str(name).lower())
        return super().getall(name, *default)


@pytest.mark.parametrize(
    "target",
    [
        "/api/cache/images?url={url}", "/_next/image?url={url}&w=16&q=75", "/api/logo/invert?url={url}&theme=dark",
        "/api/og-image?url={url}", "/api/logo?website=nobody.test", "/logo/nobody.test",
        "/s2/favicons?domain=nobody.test", "/icon?url=nobody.test",
    ],
)  # fmt: skip
async def test_whatever_a_handler_looks_at_decides(tmp_path, target):
    """No handler of pictures reads a header that could lead to another answer and is not part of the question here."""
    seen: set[str] = set()
    async with hitting(tmp_path, len(PICTURE)) as (server, origin), await server.connect() as wire:
        await ask(wire, LIVE)
        (connection,) = server.connections
        make = connection._request_factory

        def watching(message, *args):
            watched = Watched(message.headers)
            watched.seen = seen
            return make(message._replace(headers=watched), *args)

        connection._request_factory = watching
        conditions = ("If-None-Match: x", "If-Modified-Since: x", "Range: x", "If-Range: x", "Via: x", "Accept: */*")
        request = get(target.format(url=quote(origin.url("/a.png"), safe="")), *conditions)
        for _ in range(3):
            await ask(wire, request)

        assert {"accept", "if-none-match"} <= seen
        assert seen <= {name.decode() for name in DECIDING} | HARMLESS


async def test_what_is_kept_is_bounded(tmp_path, monkeypatch):
    """Beyond its room the table forgets what was asked for longest ago, and a long request is never kept."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        room = server.opened.services.repeats
        room.resize(4 * (table.HIT_BYTES + 500))
        monkeypatch.setattr(room, "resize", lambda _: None)  # or the next look at memory would change it
        targets = [target_of(origin, v=str(n)) for n in range(10)]
        for target in targets:
            await warm(server, wire, get(target))
        kept = table_of(server).statistics()
        await ask(wire, get(targets[-1]))
        await ask(wire, get(targets[0]))
        await ask(wire, get(targets[-1]))
        long = target_of(origin, v="v" * table.MAX_KEY_BYTES)
        answers = [await ask(wire, get(long)) for _ in range(3)]

        assert kept.entries == 4
        assert kept.bytes <= 4 * (table.HIT_BYTES + 500)
        assert answered(server) == 2
        assert len({each[9:12] for each in answers}) == 1


async def test_what_is_taken_away_is_given_back(tmp_path, monkeypatch):
    """When there is no room any more the table is empty at once, and answers go the slow way."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, room = get(target_of(origin)), server.opened.services.repeats
        await warm(server, wire, request)
        before = room.bytes
        await ask(wire, request)
        room.resize(0)
        monkeypatch.setattr(room, "resize", lambda _: None)
        after = [await ask(wire, request) for _ in range(2)]

        assert before > table.HIT_BYTES
        assert (room.bytes, table_of(server).statistics().entries) == (0, 0)
        assert answered(server) == 1
        assert all(headers_of(each)["X-Cache"] == "HIT" for each in after)


async def test_an_entry_holds_the_texts_of_its_picture(tmp_path):
    """Of a request for a picture no more is kept than what memory is asked by, in the picture's own texts."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        await warm(server, wire, get(target_of(origin)))
        (hit,), (blob,) = table_of(server)._hits.values(), server.opened.owners["memory"].blobs()
        kept = {id(each) for each in hit.lookup.args}

        assert {id(blob.key), id(blob.source.url)} <= kept
        assert hit.subject is blob.source


async def test_long_texts_are_weighed_as_often_as_they_are_kept(tmp_path):
    """What a client says at length, and what a long source makes of the head, weighs as much as it takes."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        long_source = target_of(origin, "/a.png?" + '"' * 400)
        strange = target_of(origin) + "".join(f"&{n:02}{'x' * 60}=" for n in range(16))
        for request in (get(long_source), get(strange, f'If-None-Match: "{"x" * 500}"')):
            await warm(server, wire, request)
            await ask(wire, request)
        hits = table_of(server)._hits

        assert answered(server) == len(hits) == 2
        assert server.opened.services.repeats.bytes == sum(hit.weight_bytes for hit in hits.values())
        for key, hit in hits.items():
            texts = [*key, hit.form.lead, hit.form.before, hit.asking.conditions.if_none_match or ""]
            texts += [value for _, value in hit.form.terms.headers]
            assert sum(map(len, texts)) > table.HIT_BYTES
            assert hit.weight_bytes > sum(map(len, texts)) + table.HIT_BYTES // 2


async def test_a_head_that_grows_is_weighed_anew(tmp_path):
    """With another picture under the same key the weight follows its head, and at the end all is given back."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, memory = get(target_of(origin)), server.opened.owners["memory"]
        await warm(server, wire, request)
        await ask(wire, request)
        room, weights = server.opened.services.repeats, []
        (hit,) = table_of(server)._hits.values()
        for length in (1000, 10):
            (blob,) = memory.blobs()
            blob = replace(blob, meta=replace(blob.meta, tags="t" * length))
            memory.replace(blob)
            hit.blob = ref(blob)
            hit.form = None
            await ask(wire, request)
            weights.append(room.bytes)
            assert room.bytes == hit.weight_bytes
        table_of(server).forget(next(iter(table_of(server)._hits)))

        assert answered(server) == 3
        assert weights[0] > weights[1] >= table.HIT_BYTES
        assert room.bytes == 0
