"""Certificates for servers of tests."""

import ssl
import subprocess
from pathlib import Path

from tests.support.tools import require_tool


def make_certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """Make a certificate in *folder*, signed by itself, for names such as ``DNS:*.a.test``; gives it and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [require_tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={','.join(names)}",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Give what a server needs that has this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
