"""Whom https sources are taken at their word by: the certificates of this machine, read once and off the loop."""

import logging
import os
import ssl
from collections.abc import MutableMapping
from functools import cache

_log = logging.getLogger(__name__)

_FILE = "SSL_CERT_FILE"
"""Names the file of certificates in place of the platform's (SSL_CTX_set_default_verify_paths(3))."""


def load_aiohttp(environ: MutableMapping[str, str]) -> None:
    """
    Import aiohttp, for the first time in this process and with no thread beside, in half the time that it takes.

    As it is imported it reads the certificates of the machine twice, for two contexts that nothing here uses: fetches
    have that of :func:`platform_trust`, the store its own. So it is told of a file without any meanwhile.

    Args:
        environ: the process's environment; as it was afterwards.
    """
    given = environ.get(_FILE)
    environ[_FILE] = os.devnull
    try:
        import aiohttp  # noqa: F401, PLC0415 - see above
    finally:
        del environ[_FILE]
        if given is not None:
            environ[_FILE] = given


@cache
def platform_trust() -> ssl.SSLContext:
    """
    Give the context that checks a source's certificate against those of this machine; for a thread.

    They are where OpenSSL looks for them, or where SSL_CERT_FILE and SSL_CERT_DIR say. It takes some 0.02 s, without
    the interpreter's lock; where none can be read, no certificate is trusted.
    """
    paths = ssl.get_default_verify_paths()
    try:
        context = ssl.create_default_context(cafile=paths.cafile, capath=paths.capath)
    except OSError as error:
        _log.warning("certificates of %s cannot be read, no https source is trusted: %s", paths.cafile, error)
        context = ssl.create_default_context()
    context.set_alpn_protocols(("http/1.1",))
    return context
