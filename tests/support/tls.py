"""Certificates for tests' own servers."""

import subprocess
from pathlib import Path

from tests.support.tools import require_tool


def self_signed(folder: Path, *names: str) -> tuple[Path, Path]:
    """
    Make a certificate that is signed by itself, for two days.

    Args:
        folder: gets both files.
        names: whom it is for, as ``DNS:name``, ``DNS:*.name`` or ``IP:address``.

    Returns:
        The files of the certificate and of its key.
    """
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [require_tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=tests", "-addext", f"subjectAltName={','.join(names)}",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key
