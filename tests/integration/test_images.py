"""``/api/cache/images`` over HTTP: what a client sees when all goes well."""

import hashlib
import json

import pytest

from tests.integration.conftest import size_of
from tests.support.service import IMAGES, running_service

WEBP = {"Accept": "image/webp,*/*"}
AVIF = {"Accept": "image/avif,image/webp,*/*"}


async def test_a_picture_is_resized(service, origin, photo):
    """The first answer is made from the origin, at the asked size, in the format the client takes."""
    origin.serve("/a.jpg", photo)

    answer = await service.image(origin.url("/a.jpg"), WEBP, w=100)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/webp"
    assert size_of(answer.body) == (100, 75)
    assert answer.headers["X-Cache"] == "MISS"
    assert answer.headers["X-Source"] == "origin"


async def test_every_header_of_the_contract_is_there(service, origin, photo):
    """A first answer has all headers promised for every image, and none that speaks of what did not happen."""
    origin.serve("/dir/a%20b.jpg", photo, headers={"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"})

    answer = await service.image(origin.url("/dir/a%20b.jpg"), WEBP, w=100)

    headers = answer.headers
    assert headers["ETag"] == f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    assert headers["Last-Modified"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert headers["Content-Length"] == str(len(answer.body))
    assert headers["Cache-Control"] == "public, max-age=14400, stale-while-revalidate=86400, stale-if-error=604800"
    assert headers["Vary"] == "Accept"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Cache-Status"] == "imgsvc-store; fwd=miss, imgsvc-memory; fwd=miss"
    assert headers["X-System-Status"] == "HEALTHY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Timing-Allow-Origin"] == "*"
    assert headers["Content-Disposition"] == 'inline; filename="a-b.webp"'
    assert headers["Link"] == f'<{origin.url("/dir/a%20b.jpg")}>; rel="canonical"'
    timing = {item.split(";")[0] for item in headers["Server-Timing"].split(", ")}
    assert {"memory", "queue", "store", "fetch", "decode", "encode"} >= timing
    assert timing >= {"memory", "fetch", "decode", "encode"}
    assert not {"Age", "X-Degraded", "X-Ignored-Params", "Content-Location", "X-Nextjs-Cache"} & set(headers)


async def test_the_second_answer_comes_from_memory(service, origin, photo):
    """An equal request costs no fetch and gives the same bytes, with its age."""
    origin.serve("/a.jpg", photo)
    first = await service.image(origin.url("/a.jpg"), WEBP, w=100)

    second = await service.image(origin.url("/a.jpg"), WEBP, w=100)

    assert second.body == first.body
    assert (second.headers["X-Cache"], second.headers["X-Source"]) == ("HIT", "memory")
    assert int(second.headers["Age"]) >= 0
    assert second.headers["Cache-Status"].startswith("imgsvc-memory; hit; ttl=")
    assert second.headers["Server-Timing"].startswith("memory;dur=")
    assert origin.hits("/a.jpg") == 1


async def test_equal_questions_are_one_however_they_are_asked(service, origin, photo):
    """Aliases, order, unknown parameters and noise in Accept never make a second variant."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    await service.image(url, WEBP, w=100, h=80, fit="cover")

    again = await service.request(
        "GET", IMAGES, {"Accept": "text/html, image/webp;q=0.9"}, fit="cover", height=80, width=100, src=url, utm="x"
    )

    assert again.headers["X-Cache"] == "HIT"
    assert again.headers["X-Ignored-Params"] == "utm"


async def test_another_size_is_made_from_the_stored_original(service, origin, photo):
    """A second variant costs no second fetch."""
    origin.serve("/a.jpg", photo)
    await service.image(origin.url("/a.jpg"), WEBP, w=100)
    await service.settled()

    other = await service.image(origin.url("/a.jpg"), WEBP, w=50)

    assert size_of(other.body) == (50, 38)
    assert (other.headers["X-Cache"], other.headers["X-Source"]) == ("MISS", "store")
    assert origin.hits("/a.jpg") == 1


async def test_the_store_outlives_the_process(origin, photo, tmp_path):
    """A new process answers from the store: no fetch, no transform, the same bytes."""
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port) as first_life:
        before = await first_life.image(origin.url("/a.jpg"), AVIF, w=64)

    async with running_service(tmp_path, origin.port) as second_life:
        after = await second_life.image(origin.url("/a.jpg"), AVIF, w=64)
        then = await second_life.image(origin.url("/a.jpg"), AVIF, w=64)

    assert after.body == before.body
    assert after.headers["ETag"] == before.headers["ETag"]
    assert (after.headers["X-Cache"], after.headers["X-Source"]) == ("HIT", "store")
    assert after.headers["Cache-Status"].startswith("imgsvc-store; hit; ttl=")
    assert then.headers["X-Source"] == "memory"
    assert origin.hits("/a.jpg") == 1


async def test_all_is_right_with_memory_off(origin, photo, tmp_path):
    """Without a memory cache the store answers, and nothing else changes."""
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port, IMGSVC_CACHE_BYTES="0") as service:
        first = await service.image(origin.url("/a.jpg"), w=64)
        await service.settled()
        second = await service.image(origin.url("/a.jpg"), w=64)

    assert second.body == first.body
    assert second.headers["X-Source"] == "store"


async def test_all_is_right_with_a_store_that_cannot_be_written(origin, photo, tmp_path):
    """A store that fails never fails a request; health says that it does."""
    (tmp_path / "store").write_text("a file where a folder should be")
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port) as service:
        first = await service.image(origin.url("/a.jpg"), w=64)
        second = await service.image(origin.url("/a.jpg"), w=64)
        await service.settled()
        health = await service.request("GET", "/api/health")

    assert first.status == second.status == 200
    assert second.headers["X-Source"] == "memory"
    assert health.status == 200
    assert health.json()["status"] == "degraded"
    assert "store-failing" in health.json()["reasons"]


async def test_the_original_comes_back_unchanged(service, origin, photo):
    """``f=original`` without a transform is the source's bytes, stored once."""
    origin.serve("/a.jpg", photo)

    answer = await service.image(origin.url("/a.jpg"), f="original")

    assert answer.body == photo
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert "Vary" not in answer.headers


async def test_client_hints_decide_where_nothing_was_asked(service, origin, photo):
    """Sec-CH-Width stands in for ``w``, Sec-CH-DPR for ``dpr``, and each is in Vary only when it decided."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")

    by_width = await service.image(url, {"Sec-CH-Width": "120"}, f="png")
    by_dpr = await service.image(url, {"Sec-CH-DPR": "2.0"}, f="png", w=50)
    asked = await service.image(url, {"Sec-CH-Width": "120", "Sec-CH-DPR": "3"}, f="png", w=50, dpr=1)

    assert size_of(by_width.body)[0] == 120
    assert by_width.headers["Vary"] == "Sec-CH-Width"
    assert size_of(by_dpr.body)[0] == 100
    assert by_dpr.headers["Vary"] == "Sec-CH-DPR"
    assert size_of(asked.body)[0] == 50
    assert "Vary" not in asked.headers


async def test_save_data_lowers_the_quality(service, origin, photo):
    """``Save-Data: on`` gives fewer bytes, and says that it decided."""
    origin.serve("/a.jpg", photo)

    full = await service.image(origin.url("/a.jpg"), f="webp")
    saved = await service.image(origin.url("/a.jpg"), {"Save-Data": "on"}, f="webp")

    assert len(saved.body) < len(full.body)
    assert saved.headers["Vary"] == "Save-Data"
    assert "Vary" not in full.headers


async def test_json_describes_the_picture(service, origin, photo):
    """``f=json`` answers what is known of the source."""
    origin.serve("/a.jpg", photo)

    answer = await service.image(origin.url("/a.jpg"), f="json")

    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json()
    assert (told["width"], told["height"], told["format"], told["pages"]) == (400, 300, "jpeg", 1)
    assert told["bytes"] == len(photo)
    assert told["has_alpha"] is False


@pytest.mark.parametrize("kind", ["thumbhash", "color", "blur"])
async def test_placeholders(service, origin, photo, kind):
    """Each kind of placeholder is JSON with the picture's size."""
    origin.serve("/a.jpg", photo)

    answer = await service.image(origin.url("/a.jpg"), placeholder=kind, w=200)

    assert set(answer.json()) == {"width", "height", "placeholder"}
    assert (answer.json()["width"], answer.json()["height"]) == (200, 150)


async def test_the_clients_version_makes_an_answer_immutable(service, origin, photo):
    """With ``v`` the answer may be kept a year; another ``v`` is another answer."""
    origin.serve("/a.jpg", photo)

    one = await service.image(origin.url("/a.jpg"), w=60, v="1")
    two = await service.image(origin.url("/a.jpg"), w=60, v="2")

    assert one.headers["Cache-Control"].startswith("public, max-age=31536000, ")
    assert one.headers["Cache-Control"].endswith(", immutable")
    assert two.headers["X-Cache"] == "MISS"


async def test_nexts_own_route(origin, photo, tmp_path):
    """``/_next/image`` resolves relative URLs against the site and answers Next's cache header."""
    origin.serve("/pic/a.jpg", photo)
    async with running_service(
        tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="", IMGSVC_SITE_URL=origin.url("/", host="site.test")
    ) as service:
        first = await service.request("GET", "/_next/image", WEBP, url="/pic/a.jpg", w=96, q=75)
        second = await service.request("GET", "/_next/image", WEBP, url="/pic/a.jpg", w=96, q=75)
        elsewhere = await service.request("GET", "/_next/image", WEBP, url=origin.url("/pic/a.jpg"), w=96, q=75)

    assert (first.headers["X-Nextjs-Cache"], second.headers["X-Nextjs-Cache"]) == ("MISS", "HIT")
    assert size_of(first.body) == (96, 72)
    assert elsewhere.status == 403


async def test_an_svg_is_sanitised_before_anything_else(service, origin):
    """The stored and answered original of an SVG has no script in it, and it can be rendered."""
    shape = b'<script>1</script><rect width="40" height="20" fill="red"/>'
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">' + shape + b"</svg>"
    origin.serve("/a.svg", svg, headers={"Content-Type": "image/svg+xml"})

    plain = await service.image(origin.url("/a.svg"), f="original")
    drawn = await service.image(origin.url("/a.svg"), f="png", w=80)

    assert plain.headers["Content-Type"] == "image/svg+xml"
    assert b"script" not in plain.body
    assert size_of(drawn.body) == (80, 40)


async def test_access_is_logged_without_the_query(service, origin, photo):
    """One line a request: its path, outcome and source, and nothing of the query."""
    origin.serve("/a.jpg", photo)

    await service.image(origin.url("/a.jpg?token=secret"), w=10)

    entry = json.loads(service.log.lines[-1])
    assert (entry["path"], entry["status"], entry["cache"], entry["tier"]) == (IMAGES, 200, "MISS", "origin")
    assert entry["source"] == origin.url("/a.jpg")
    assert "secret" not in service.log.lines[-1]


async def test_a_request_keeps_its_name(service):
    """A decent X-Request-Id is echoed, in the document too; another is replaced."""
    named = await service.request("GET", IMAGES, {"X-Request-Id": "abc-1.2_3"})
    odd = await service.request("GET", IMAGES, {"X-Request-Id": "a b"})

    assert named.headers["X-Request-Id"] == named.json()["request_id"] == "abc-1.2_3"
    assert odd.headers["X-Request-Id"] == odd.json()["request_id"] != "a b"


async def test_health_and_methods(service):
    """Probes answer at once; other methods are refused with what is allowed."""
    health = await service.request("GET", "/api/health")
    live = await service.request("HEAD", "/api/health/live")
    wrong = await service.request("POST", IMAGES)
    nowhere = await service.request("GET", "/nowhere")

    assert (health.status, health.json()["status"]) == (200, "healthy")
    assert {"rss_bytes", "budget_bytes", "ratio", "state"} <= set(health.json()["memory"])
    assert health.headers["Cache-Control"] == "no-store"
    assert health.headers["X-System-Status"] == "HEALTHY"
    assert (live.status, live.body) == (200, b"")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "DELETE,GET,HEAD")
    assert (nowhere.status, nowhere.json()["code"]) == (404, "not-found")
