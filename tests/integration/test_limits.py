"""Rate limits over HTTP: what a client, and all clients of a domain together, may have fetched."""

import asyncio
from urllib.parse import urlsplit

import pytest

from imgsvc.origin.signature import Signer, signed_text
from tests.support.service import IMAGES, running_service

KEY = "k" * 20
LIMITED = {"IMGSVC_ALLOWED_HOSTS": "listed.test", "IMGSVC_SIGNING_KEYS": KEY, "IMGSVC_RATE_LIMIT": "3/3600"}


def signed(url: str, **more: str) -> str:
    """Give the path of a signed request for *url*."""
    pairs = [("url", url), *more.items()]
    return f"{signed_text(IMAGES, pairs).decode()}&sig={Signer([KEY]).sign(IMAGES, pairs)}"


@pytest.fixture
async def limited(origin, photo, tmp_path):
    """A service that lets through three fetches an hour, before an origin that has any picture."""
    for n in range(9):
        origin.serve(f"/{n}.jpg", photo)
    async with running_service(tmp_path, origin.port, **LIMITED) as service:
        yield service


async def test_one_fetch_too_many(limited):
    """It is refused with a problem that says when to come back; what is cached is answered on."""
    answers = [await limited.raw("GET", signed(f"http://h{n}.test/{n}.jpg", w="10")) for n in range(4)]
    await limited.settled()
    again = await limited.raw("GET", signed("http://h0.test/0.jpg", w="10"))
    other_size = await limited.raw("GET", signed("http://h0.test/0.jpg", w="20"))
    figures = (await limited.request("GET", "/api/health/metrics")).json()

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    refused = answers[3]
    assert refused.json()["code"] == "rate-limited"
    assert "IMGSVC_RATE_LIMIT" in refused.json()["detail"]
    assert (refused.headers["RateLimit-Limit"], refused.headers["RateLimit-Remaining"]) == ("3", "0")
    assert 1 <= int(refused.headers["Retry-After"]) <= 1200
    assert 1 <= int(refused.headers["RateLimit-Reset"]) <= 3600
    assert refused.headers["Cache-Control"] == "no-store"
    assert (again.status, again.headers["X-Cache"], other_size.status) == (200, "HIT", 200)
    assert figures["refusals"]["rate-limited"] == 1


async def test_listed_hosts_are_not_limited(limited):
    """Pictures of hosts that the operator listed are fetched as often as they are asked for, signed or not."""
    answers = [await limited.image(f"http://listed.test/{n}.jpg", w=10) for n in range(4)]
    answers += [await limited.raw("GET", signed(f"http://listed.test/{n}.jpg", w="10")) for n in range(4, 9)]

    assert {answer.status for answer in answers} == {200}


async def test_pages_of_listed_hosts_are_limited(limited):
    """Pages are counted whosever they are, as the documents say."""
    answers = [await limited.request("GET", "/api/og-data", url=f"http://listed.test/page-{n}") for n in range(4)]
    figures = (await limited.request("GET", "/api/health/metrics")).json()

    assert answers[3].status == 429
    assert 429 not in {answer.status for answer in answers[:3]}
    assert figures["sources"]["limits"]["allowed"] == 3


async def test_a_domain_is_limited_for_all_clients(origin, photo, tmp_path):
    """Hosts of one registrable domain share a bucket, whoever asks; each client behind a trusted proxy has its own."""
    for n in range(5):
        origin.serve(f"/{n}.jpg", photo)
    async with running_service(tmp_path, origin.port, **LIMITED, IMGSVC_TRUSTED_PROXIES="127.0.0.0/8") as service:
        same = [
            await service.raw("GET", signed(f"http://h{n}.shop.test/{n}.jpg"), {"X-Forwarded-For": f"192.0.2.{n}"})
            for n in range(4)
        ]
        elsewhere = await service.raw("GET", signed("http://other.test/4.jpg"), {"X-Forwarded-For": "192.0.2.3"})

    assert [answer.status for answer in same] == [200, 200, 200, 429]
    assert elsewhere.status == 200


async def test_a_header_nobody_vouches_for(limited):
    """Without a trusted proxy a client cannot give itself another name."""
    answers = [
        await limited.raw("GET", signed(f"http://h{n}.test/{n}.jpg"), {"X-Forwarded-For": f"192.0.2.{n}"})
        for n in range(4)
    ]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert urlsplit(limited.base_url).hostname not in answers[3].json()["detail"]


async def test_off(origin, photo, tmp_path):
    """With 0 nothing is limited."""
    for n in range(9):
        origin.serve(f"/{n}.jpg", photo)
    async with running_service(tmp_path, origin.port, **(LIMITED | {"IMGSVC_RATE_LIMIT": "0"})) as service:
        answers = [await service.raw("GET", signed(f"http://h{n}.test/{n}.jpg")) for n in range(9)]

    assert {answer.status for answer in answers} == {200}


async def test_one_clients_refusal_is_not_anothers(origin, photo, tmp_path):
    """Who has fetches left gets the picture, though another who has none asked for the same source at the same time."""
    for n in range(6):
        origin.serve(f"/{n}.jpg", photo)
    env = LIMITED | {"IMGSVC_RATE_LIMIT": "1/3600", "IMGSVC_TRUSTED_PROXIES": "127.0.0.0/8"}
    async with running_service(tmp_path, origin.port, **env, IMGSVC_COALESCE_TIMEOUT="5") as service:

        def ask(n: int, client: str, width: int):
            target = signed(f"http://h.d{n}.test/{n}.jpg", w=str(width))
            return service.raw("GET", target, {"X-Forwarded-For": client})

        assert (await ask(0, "192.0.2.1", 9)).status == 200
        rounds = [
            await asyncio.gather(ask(n, "192.0.2.1", 10), ask(n, f"192.0.2.{10 + n}", 11), ask(n, "192.0.2.1", 12))
            for n in range(1, 6)
        ]

    assert {answers[1].status for answers in rounds} == {200}
    assert {answers[n].status for answers in rounds for n in (0, 2)} <= {200, 429}
