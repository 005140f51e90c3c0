"""What the shipped nginx keeps, for how long, and what it never does; a scripted server plays imgsvc."""

import asyncio

import pytest

from tests.support.nginx import Front, scripted_front
from tests.support.origin import JPEG

PATH = "/api/cache/images"
TARGET = f"{PATH}?url=http%3A%2F%2Fimg.test%2Fa.jpg&w=640"
STALE = "stale-while-revalidate=86400, stale-if-error=604800"
PUBLIC = {"Cache-Control": f"public, max-age=14400, {STALE}"}


async def test_an_answer_is_kept(tmp_path):
    """The second client gets the first one's bytes, a name of its own for its request, and is told who had them."""
    async with scripted_front(tmp_path) as front:
        told = {
            "X-Request-Id": "one",
            "Age": "7",
            "X-Cache": "MISS",
            "X-Nextjs-Cache": "MISS",
            "Cache-Status": "imgsvc-store; hit",
        }
        front.replica.serve(PATH, b"picture", headers=PUBLIC | told | {"ETag": '"1"', "Server-Timing": "decode;dur=9"})
        first = await front.ask(TARGET, X_Request_Id="one")
        second = await front.ask(TARGET, X_Request_Id="two")

        assert front.hits(PATH) == 1
        assert (first.status, first.body) == (second.status, second.body) == (200, b"picture")
        assert first.headers.getall("Cache-Status") == ["imgsvc-store; hit", "nginx; fwd=uri-miss"]
        assert second.headers.getall("Cache-Status") == ["imgsvc-store; hit", "nginx; hit"]
        names = ("X-Request-Id", "X-Cache", "X-Nextjs-Cache", "Server-Timing", "Age", "ETag")
        assert [first.headers.get(n) for n in names] == ["one", "MISS", "MISS", "decode;dur=9", "7", '"1"']
        assert [second.headers.get(n) for n in names] == ["two", "HIT", "HIT", None, "7", '"1"']


async def test_what_may_be_kept_is(tmp_path):
    """What has a minute left, or may be stale for one, is answered without asking again."""
    cases = [
        (200, {"Cache-Control": "public, max-age=60"}),
        (200, {"Cache-Control": f"public, max-age=3600, {STALE}", "Age": "3599"}),
        (302, PUBLIC | {"Location": "https://cdn.test/a"}),
    ]
    async with scripted_front(tmp_path) as front:
        assert [await asked_twice(front, *case) for case in cases] == [(case[0], 1) for case in cases]


async def test_what_may_not_be_kept_is_not(tmp_path):
    """What is private, ends within a minute, sets a cookie or is an error comes from imgsvc each time."""
    cases = [
        (200, {}),
        (200, {"Cache-Control": "private, no-store"}),
        (200, {"Cache-Control": f"private, max-age=14400, {STALE}"}),
        (200, {"Cache-Control": "no-store, public, max-age=14400"}),
        (200, {"Cache-Control": "public, max-age=59"}),
        (200, {"Cache-Control": "public, max-age=3600", "Age": "3590"}),
        (200, {"Cache-Control": "public, max-age=3600, stale-while-revalidate=9", "Age": "3590"}),
        (200, {"Cache-Control": "public, max-age=0, stale-while-revalidate=86400"}),
        (200, PUBLIC | {"Set-Cookie": "a=1"}),
        (200, PUBLIC | {"Vary": "*"}),
        (404, {"Cache-Control": "public, max-age=900"}),
        (502, {"Cache-Control": "no-store"}),
        (504, PUBLIC),
    ]
    async with scripted_front(tmp_path) as front:
        assert [await asked_twice(front, *case) for case in cases] == [(case[0], 2) for case in cases]


async def asked_twice(front: Front, status: int, headers: dict[str, str]) -> tuple[int, int]:
    """Give the status of the second answer, and how often a replica was asked."""
    path = f"/api/assets/{len(front.replica.requests)}"
    front.replica.serve(path, b"" if status == 302 else b"answer", status=status, headers=headers)
    await front.ask(path)
    return (await front.ask(path)).status, front.hits(path)


async def test_questions_of_their_own_are_not_answered_from_here(tmp_path):
    """What ends with a signature, asks for a refresh or has a token is neither kept nor answered from what is kept."""
    async with scripted_front(tmp_path) as front:
        front.replica.serve(PATH, b"picture", headers=PUBLIC)
        ends = [(f"&{name}=1900000000&sig=x", {}) for name in ("exp", "%65xp", "e%78p", "%65%78%70")]
        asked = [*ends, ("&forceRefresh=true", {}), ("", {"Authorization": "Bearer t"})]
        await front.ask(TARGET)

        for more, headers in asked * 2:
            assert (await front.ask(TARGET + more, **headers)).status == 200
        assert front.hits(PATH) == 1 + 2 * len(asked)


async def test_a_change_is_seen_when_the_time_is_over(tmp_path):
    """An answer is given out for as long as the file says and not once more: the next client gets the new one."""
    async with scripted_front(tmp_path, kept_seconds=1) as front:
        front.replica.serve(PATH, b"old", headers=PUBLIC)
        assert (await front.ask(TARGET)).body == b"old"
        front.replica.serve(PATH, b"new", headers=PUBLIC)
        assert (await front.ask(TARGET)).body == b"old"
        async with asyncio.timeout(60):
            while (answer := await front.ask(TARGET)).body != b"new":
                await asyncio.sleep(0.05)

        assert answer.headers.getall("Cache-Status") == ["nginx; fwd=stale"]
        assert front.hits(PATH) == 2


async def test_what_was_removed_does_not_come_back(tmp_path):
    """Where the new answer may not be kept, the old one is not given out beside it, however many ask at once."""
    async with scripted_front(tmp_path, kept_seconds=1) as front:
        front.replica.serve(PATH, b"removed", headers=PUBLIC)
        await front.ask(TARGET)
        front.replica.serve(PATH, b"none", status=404, headers={"Cache-Control": "public, max-age=900"})
        async with asyncio.timeout(60):
            while (await front.ask(TARGET)).status == 200:
                await asyncio.sleep(0.05)
        answers = await asyncio.gather(*(front.ask(TARGET) for _ in range(20)))

        assert {answer.status for answer in answers} == {404}


async def test_variants_are_told_apart(tmp_path):
    """What depends on Accept is kept for each Accept, and given to no other."""

    async def behave(exchange):
        kind = exchange.request.headers["Accept"]
        await exchange.answer(kind.encode(), headers=PUBLIC | {"Content-Type": kind, "Vary": "Accept"})

    async with scripted_front(tmp_path) as front:
        front.replica.script(PATH, behave)
        for kind in ("image/avif", "image/webp", "image/avif", "image/webp"):
            assert (await front.ask(TARGET, Accept=kind)).body == kind.encode()

        assert front.hits(PATH) == 2


async def test_nobody_waits_here_for_another(tmp_path):
    """Of two that want the same, the second is soon handed on to imgsvc, which has them share the work."""
    # Left alone, nginx would hand it on after five seconds.
    async with scripted_front(tmp_path) as front, asyncio.TaskGroup() as group, asyncio.timeout(4.5):
        gate = front.replica.gate(PATH, b"picture")
        asking = [group.create_task(front.ask(TARGET)) for _ in range(2)]
        await front.replica.until_hits(PATH, 2)
        assert not any(task.done() for task in asking)
        gate.set()


async def test_a_head_stays_one(tmp_path):
    """HEAD is asked of imgsvc as it is, is kept for itself, and is no answer to a GET."""
    async with scripted_front(tmp_path) as front:
        front.replica.serve(PATH, b"picture", headers=PUBLIC)
        for _ in range(2):
            answer = await front.ask(TARGET, "HEAD")
            assert (answer.headers["Content-Length"], answer.body) == ("7", b"")
        assert (await front.ask(TARGET)).body == b"picture"

        assert [r.method for r in front.replica.requests if r.path == PATH] == ["HEAD", "GET"]


async def test_ranges_and_conditions(tmp_path):
    """What is kept is answered in parts or as unchanged by nginx, what is not is asked for as the client asked."""
    conditions = {"Range": "bytes=2-3", "If-Range": '"1"', "If-None-Match": '"0"', "If-Modified-Since": "x"}
    async with scripted_front(tmp_path) as front:
        headers = PUBLIC | {"ETag": '"1"', "Accept-Ranges": "bytes"}
        front.replica.serve(PATH, b"ct", status=206, headers=headers | {"Content-Range": "bytes 2-3/7"})
        passed = await front.ask(TARGET, **conditions)
        asked = front.replica.requests[-1].headers
        front.replica.serve(PATH, b"picture", headers=headers)
        whole = await front.ask(TARGET)
        kept = [await front.ask(TARGET, Range="bytes=2-3", If_Range=tag) for tag in ('"1"', '"2"')]
        known = await front.ask(TARGET, If_None_Match='"1"')

        assert (passed.status, passed.body, passed.headers["Content-Range"]) == (206, b"ct", "bytes 2-3/7")
        assert {name: asked[name] for name in conditions} == conditions
        assert whole.body == b"picture"
        assert [(answer.status, answer.body) for answer in kept] == [(206, b"ct"), (200, b"picture")]
        assert (known.status, known.body, known.headers["ETag"]) == (304, b"", '"1"')
        assert front.hits(PATH) == 2


async def test_what_broke_off_is_not_kept(tmp_path):
    """A broken answer is broken for its client only: the next one gets the whole."""
    async with scripted_front(tmp_path) as front:
        body = bytes(range(256)) * 1000
        for cut in (front.replica.reset_mid_body, lambda p, b: front.replica.chunked(p, b, finish=False)):
            cut(PATH, body)
            with pytest.raises(Exception, match="payload is not completed"):
                await front.ask(TARGET)
        front.replica.serve(PATH, body, headers=PUBLIC)

        assert (await front.ask(TARGET)).body == body
        assert JPEG["Content-Type"] == (await front.ask(TARGET)).headers["Content-Type"]
        assert front.hits(PATH) == 3
