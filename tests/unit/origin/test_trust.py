"""Which certificates are read, and when."""

import logging
import ssl
import subprocess
import sys

import pytest

from imgsvc.origin.trust import platform_trust
from tests.support.process import python_environment
from tests.support.tls import make_certificate

IMPORTED = """
import os
from imgsvc.origin.trust import load_aiohttp
before = dict(os.environ)
load_aiohttp(os.environ)
from aiohttp.connector import _SSL_CONTEXT_UNVERIFIED, _SSL_CONTEXT_VERIFIED
print(os.environ == before, *(c.cert_store_stats()["x509"] for c in (_SSL_CONTEXT_VERIFIED, _SSL_CONTEXT_UNVERIFIED)))
"""


@pytest.fixture
def fresh():
    """Certificates are read anew, here and by whoever comes next."""
    platform_trust.cache_clear()
    yield
    platform_trust.cache_clear()


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path, "DNS:a.test")[0]


def test_aiohttp_reads_none(certificate):
    """Imported by us it has two contexts without a certificate; the environment is as before, with a file or not."""
    for named in ({}, {"SSL_CERT_FILE": str(certificate)}):
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED], env=python_environment(named), capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["True", "0", "0"]


@pytest.mark.usefixtures("fresh")
def test_the_file_that_is_named(certificate, monkeypatch):
    """SSL_CERT_FILE and SSL_CERT_DIR win over the platform's; all else is as the standard library has it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SSL_CERT_DIR", str(certificate.parent))
    context = platform_trust()

    assert [one["subjectAltName"] for one in context.get_ca_certs()] == [(("DNS", "a.test"),)]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.options == ssl.create_default_context().options
    assert platform_trust() is context


@pytest.mark.usefixtures("fresh")
def test_a_file_without_certificates(tmp_path, monkeypatch, caplog):
    """It is said in the log, and nobody is trusted: a setting that is wrong shall not open anything."""
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(wrong))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with caplog.at_level(logging.WARNING, "imgsvc.origin.trust"):
        context = platform_trust()

    assert str(wrong) in caplog.text
    assert context.get_ca_certs() == []
    assert context.verify_mode is ssl.CERT_REQUIRED
