"""Hosts as URLs have them."""

from urllib.parse import urlsplit

import pytest

from imgsvc.model.literals import host_literal


@pytest.mark.parametrize("host", ["a.test", "127.0.0.1", "::1", "2001:db8::10"])
def test_a_url_gives_its_host_back(host):
    """Whoever takes a URL apart finds host and port that were put into it."""
    parts = urlsplit(f"http://{host_literal(host)}:8080/x")

    assert (parts.hostname, parts.port) == (host, 8080)
