"""The logo routes, each before the whole service and a site that declares an icon."""

import pytest

from tests.support.pictures import decoded
from tests.support.service import running_service
from tests.unit.web.handlers.asking import INVERT, LOOK, OFF, validate

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("target", "side_px"),
    [
        ("/api/logo?website=acme.test&size=32", 32), ("/api/logo?url=http://acme.test/x&size=16&dpr=2", 32),
        ("/logo/acme.test?size=20", 20), ("/logo/acme.test?size=20&retina=true", 40),
        ("/s2/favicons?domain=acme.test", 16), ("/s2/favicons?domain_url=acme.test&sz=32", 32),
        ("/icon?url=acme.test&size=16..48..200", 48), (f"{INVERT}?domain=acme.test&size=32", 32),
    ],
)  # fmt: skip
async def test_every_shape_gives_the_logo(service, target, side_px):
    """Whatever the route calls things, it is the same logo, in the size that was asked for."""
    answer = await service.raw("GET", target)

    assert answer.status == 200
    assert (answer.headers["X-Logo-Source"], answer.headers["X-Logo-Fallback"]) == ("link-icon", "0")
    assert answer.headers["X-Logo-Domain"] == "acme.test"
    assert answer.headers["Link"].endswith('acme.test/icon.png>; rel="canonical"')
    picture = decoded(answer.body)
    assert (picture.width, picture.height) == (side_px, side_px)


async def test_a_hit(service):
    """The second answer is memory's, for GET and HEAD, and a client that has it is told so."""
    target = "/api/logo?website=acme.test&f=png&theme=dark"
    first = await service.raw("GET", target)
    again = await service.raw("GET", target)
    head = await service.raw("HEAD", target)
    known = await service.raw("GET", target, {"If-None-Match": first.headers["ETag"]})

    assert [a.headers["X-Cache"] for a in (first, again, head)] == ["MISS", "HIT", "HIT"]
    assert (again.body, head.body, known.status, known.body) == (first.body, b"", 304, b"")
    for answer in (first, again, head, known):
        assert set(answer.headers) >= LOOK | {"X-Logo-Source"}
    assert not LOOK & set((await service.raw("GET", "/api/logo?website=acme.test&f=png")).headers)


async def test_what_the_browser_prefers(service):
    """With ``theme=auto`` each preference has its own answer, and the browser is asked to tell it."""
    target = "/api/logo?website=acme.test&theme=auto&f=png"
    answers = [
        await service.raw("GET", target, {"Sec-CH-Prefers-Color-Scheme": text} if text else None)
        for text in ("", '"light"', "dark")
    ]

    for answer in answers:
        assert {answer.headers[name] for name in ("Vary", "Accept-CH", "Critical-CH")} == {
            "Sec-CH-Prefers-Color-Scheme"
        }
    assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "HIT", "MISS"]


async def test_candidates(service):
    """The search is explained, and may be kept for a while; what only shapes a picture is ignored by name."""
    answer = await service.raw("GET", "/api/logo/candidates?domain=acme.test&size=64&f=png")

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=300")
    assert answer.headers["X-Ignored-Params"] == "f"
    assert "Vary" not in answer.headers
    assert answer.json()["domain"] == "acme.test"


async def test_a_wished_search(service, origin):
    """Once in a while anybody may have one; in between only the operator may, who is nobody here."""
    await service.raw("GET", "/api/logo?website=acme.test")
    asked = len(origin.requests)
    early = await service.raw("GET", "/api/logo?website=acme.test&forceRefresh=true")

    assert (early.status, early.headers["X-Refresh"]) == (200, "ignored")
    assert len(origin.requests) == asked


@pytest.mark.parametrize(
    ("target", "code", "param"),
    [
        ("/api/logo", "bad-parameter", "website"), ("/api/logo?website=localhost", "bad-domain", "website"),
        ("/api/logo?domain=10.0.0.1", "bad-domain", "domain"), ("/logo/localhost", "bad-domain", "domain"),
        ("/api/logo?website=acme.test&company=Acme", "bad-parameter", "company"),
        ("/api/logo?company=" + "x" * 10_000, "bad-parameter", "company"), ("/icon?url=", "bad-parameter", "url"),
        ("/api/logo/candidates?website=acme.test&size=1", "bad-parameter", "size"),
        ("/s2/favicons?domain=acme.test&sz=15", "bad-parameter", "sz"),
        (f"{INVERT}?url=undefined", "url-undefined", "url"),
        (f"{INVERT}?domain=acme.test&theme=none", "bad-parameter", "theme"),
    ],
)  # fmt: skip
async def test_mistakes(service, target, code, param):
    """Each is told with the parameter, and is nobody's to keep."""
    answer = await service.raw("GET", target)

    assert (answer.status, answer.json()["code"], answer.json()["param"]) == (400, code, param)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_own_requests_are_refused(service):
    """What this process sent out does not come round again, by any of the routes."""
    via = {"Via": service.opened.guard.via}
    for target in ("/api/logo?website=a.test", f"{INVERT}?domain=a.test", "/api/logo/candidates?website=a.test"):
        answer = await service.raw("GET", target, via)
        assert (answer.status, answer.json()["code"]) == (403, "source-not-allowed")
    assert (await validate(service, json={"url": "http://a.test/"}, headers=via))[0] == 403


async def test_searches_are_limited(origin, tmp_path):
    """A client may cause so many; what is known is answered on, and a listed picture counts for nothing."""
    async with running_service(tmp_path, origin.port, **OFF, IMGSVC_RATE_LIMIT="1/3600") as service:
        first = await service.raw("GET", "/api/logo?website=acme.test")
        again = await service.raw("GET", "/api/logo?website=acme.test")
        others = [
            await service.raw("GET", "/api/logo?website=other.test"),
            await service.raw("GET", "/api/logo/candidates?website=other.test"),
            await service.raw("GET", "/icon?url=other.test"),
        ]
        judged = await validate(service, json={"url": "http://other.test/icon.png"})
        picture = await service.raw("GET", f"{INVERT}?url=http://other.test/icon.png")

    assert (first.status, again.status, picture.status) == (200, 200, 200)
    for answer in others:
        assert (answer.status, answer.json()["code"]) == (429, "rate-limited")
        assert answer.headers["RateLimit-Limit"] == "1"
    assert judged[0] == 429
