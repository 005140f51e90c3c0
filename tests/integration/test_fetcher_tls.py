"""TLS: whose name is checked, and who is trusted."""

import ssl

import pytest

from imgsvc.errors import (
    CircuitOpen,
    OriginUnreachable,
    SourceNotAllowed,
)
from tests.support.fetching import BODY, fetch, fetching, near
from tests.support.origin import ScriptedOrigin
from tests.support.tls import make_certificate, server_context


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for ``origin.test``, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "DNS:origin.test", "IP:203.0.113.7")


@pytest.fixture
async def secure_origin(certificate):
    async with ScriptedOrigin(tls=server_context(*certificate)) as server:
        yield server


async def test_tls_name_is_the_urls(secure_origin, certificate):
    """With IMGSVC_CONNECT_TO the certificate is still checked against the URL's own host, name or address."""
    tls = ssl.create_default_context(cafile=certificate[0])
    secure_origin.serve("/a", BODY)
    async with fetching(tls=tls, **near(secure_origin, "origin.test", "203.0.113.7", "b.test")) as fetcher:
        for host in ("origin.test", "203.0.113.7"):
            assert await fetch(fetcher, secure_origin.url("/a", host=host)) == BODY
        with pytest.raises(OriginUnreachable, match="TLS"):
            await fetcher.open(secure_origin.url("/a", host="b.test"))


async def test_unknown_certificate(secure_origin):
    """A certificate that the platform does not know is not trusted."""
    secure_origin.serve("/a", BODY)
    async with fetching(**near(secure_origin)) as fetcher:
        with pytest.raises(OriginUnreachable, match="TLS"):
            await fetcher.open(secure_origin.url("/a"))

    assert secure_origin.hits("/a") == 0


async def test_untrusted_again_and_again(secure_origin):
    """TLS that cannot be trusted is a failure: five in a row, and the source is left alone."""
    async with fetching(**near(secure_origin)) as fetcher:
        for _ in range(5):
            with pytest.raises(OriginUnreachable, match="TLS"):
                await fetcher.open(secure_origin.url("/a"))
        with pytest.raises(CircuitOpen):
            await fetcher.open(secure_origin.url("/a"))


async def test_downgrade(secure_origin, certificate):
    """A redirect from https to http is refused, on the same host too."""
    secure_origin.redirect("/a", "http://origin.test/b")
    tls = ssl.create_default_context(cafile=certificate[0])
    async with fetching(tls=tls, **near(secure_origin)) as fetcher:
        with pytest.raises(SourceNotAllowed, match="https"):
            await fetcher.open(secure_origin.url("/a"))


async def test_tls_body_closed_early(secure_origin, certificate):
    """Hanging up on a TLS source that never says goodbye does not wait for it."""
    tls = ssl.create_default_context(cafile=certificate[0])
    secure_origin.stall_after_head("/a")
    async with fetching(tls=tls, **near(secure_origin)) as fetcher:
        fetched = await fetcher.open(secure_origin.url("/a"))
        await fetched.body.aclose()
        await secure_origin.until_open_connections()
