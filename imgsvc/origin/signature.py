"""Signed requests: whoever holds a key may name any public source (``spec``: "Who may be fetched"). Pure."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from imgsvc.errors import BadSignature, InvalidRequest, SignatureExpired

_UNIX_SECONDS = re.compile(r"[0-9]{1,12}\Z", re.ASCII)


def signed_text(path: str, pairs: Iterable[tuple[str, str]]) -> bytes:
    """
    Give what a signature is made of: ``PATH?QUERY``.

    Args:
        path: the request's path, as the client sees it.
        pairs: decoded parameters as sent, in any order; ``sig`` is left out, ``exp`` is part of it.
    """
    # A lone surrogate is no UTF-8, but may come out of a decoder: it shall be a wrong signature, not a crash.
    query = "&".join(
        "=".join(quote(part.encode("utf-8", "surrogatepass"), safe="") for part in pair)
        for pair in sorted(pair for pair in pairs if pair[0] != "sig")
    )
    return f"{path}?{query}".encode("utf-8", "surrogatepass")


class Signer:
    """
    Signs and verifies; holds the keys and shows them nowhere.

    Args:
        keys: texts (IMGSVC_SIGNING_KEYS): the first signs, all verify, so that keys can be changed without a gap.
            With none every signature is wrong.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(key.encode("utf-8", "surrogatepass") for key in keys)

    def sign(self, path: str, pairs: Iterable[tuple[str, str]]) -> str:
        """
        Make the ``sig`` of a request: HMAC-SHA256, base64url without padding, 43 characters.

        Raises:
            ValueError: there is no key.
        """
        if not self._keys:
            raise ValueError("IMGSVC_SIGNING_KEYS is empty: there is nothing to sign with")
        return _digest(self._keys[0], signed_text(path, pairs)).decode("ascii")

    def verify(self, path: str, pairs: Iterable[tuple[str, str]], now: float) -> int | None:
        """
        Check the ``sig`` among *pairs*, in constant time.

        Args:
            path: as in :meth:`sign`.
            pairs: likewise, with the ``sig`` to check.
            now: unix seconds.

        Returns:
            The ``exp`` the signature covers, in unix seconds; None when it is good for ever.

        Raises:
            BadSignature: no ``sig``, more than one, or one that no key made.
            InvalidRequest: the signature is right, but ``exp`` is not one whole number; ``param`` says so.
            SignatureExpired: it was right until ``exp``.
        """
        sent = list(pairs)
        given = [value for name, value in sent if name == "sig"]
        if len(given) != 1 or not self._fits(given[0], signed_text(path, sent)):
            raise BadSignature("The signature does not fit this path and these parameters.", param="sig")
        expires = expiry_of(sent)
        if expires is not None and now >= expires:
            raise SignatureExpired("This signed URL has expired.", param="exp")
        return expires

    def _fits(self, signature: str, text: bytes) -> bool:
        """Compare with every key's digest, always all of them: the time taken says nothing."""
        given = signature.encode("utf-8", "surrogatepass")
        fits = [hmac.compare_digest(_digest(key, text), given) for key in self._keys]
        return any(fits)


def _digest(key: bytes, text: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(key, text, hashlib.sha256)).rstrip(b"=")


def expiry_of(pairs: Iterable[tuple[str, str]]) -> int | None:
    """
    Give the unix second at which a signature over *pairs* ends; None when it is good for ever.

    Raises:
        InvalidRequest: ``exp`` is not one whole number; ``param`` says so.
    """
    values = [value for name, value in pairs if name == "exp"]
    if not values:
        return None
    if len(values) > 1 or not _UNIX_SECONDS.match(values[0]):
        raise InvalidRequest("exp is one whole number of unix seconds.", param="exp")
    return int(values[0])
