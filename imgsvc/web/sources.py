"""The ``url`` parameter: what a client may name as a source, and what it is made of."""

import re
from urllib.parse import unquote

from yarl import URL

from imgsvc.errors import BadAssetId, InvalidRequest, MissingUrl, ObjectNotFound, SchemeNotAllowed, UrlUndefined
from imgsvc.model.hosts import MAX_URL_CHARS, normalise_url
from imgsvc.model.keys import SERVED_PREFIXES, validate_key
from imgsvc.model.source import Source
from imgsvc.services.assets import ASSETS_PATH, canonical_id

MAX_DECODINGS = 5
"""Percent-decodings of a source in all; ``next/image`` behind a proxy needs three."""

_STORED = re.compile(r"(?:s3://|store:)(.*)\Z", re.IGNORECASE | re.DOTALL)
_WEB = re.compile(r"https?://", re.IGNORECASE)
# A port after the colon makes what looks like a scheme a host: "localhost:3000/a.jpg".
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?![0-9]+(?:/|\Z))")
_UNDEFINED = frozenset(("undefined", "null", "nan", "[object object]"))


def read_source(
    text: str | None, *, param: str = "url", site_url: str | None = None, relative: bool = False, stored: bool = True
) -> Source:
    """
    Read a source: an http(s) URL, ``s3://KEY`` or ``store:KEY``, and where *relative* also ``/path`` on *site_url*.

    Args:
        text: decoded once, by the query.
        param: the name under which the client sent it.
        site_url: the site that relative URLs belong to.
        relative: whether they are allowed.
        stored: whether keys of the store are.

    Raises:
        MissingUrl: nothing was named.
        UrlUndefined: a front end's ``undefined`` was.
        SchemeNotAllowed: another scheme.
        UserinfoNotAllowed: a user name or password in it.
        BadKey: a malformed key.
        ObjectNotFound: a key where no pictures are.
        InvalidRequest: none of the shapes above.
    """
    try:
        return _read(_unwrapped(text or "", relative=relative), site_url=site_url, relative=relative, stored=stored)
    except (InvalidRequest, ObjectNotFound) as error:
        error.param = param  # the rooms below know only the parameter's first name
        raise


def read_asset_id(text: str, *, param: str = "url") -> str | None:
    """
    Read an asset's name: its id, or ``/api/assets/ID``, which may be percent-encoded as often as a source may.

    Args:
        text: decoded once, by the query.
        param: the name under which the client sent it.

    Returns:
        The id in its normal form; None = it names no asset, and may be another source.

    Raises:
        BadAssetId: it is below that path, and no id.
        InvalidRequest: it is not percent-encoded UTF-8.
    """
    try:
        bare = _unwrapped(text, relative=True)
        if bare.startswith(ASSETS_PATH):
            return canonical_id(bare.removeprefix(ASSETS_PATH))
    except InvalidRequest as error:
        error.param = param
        raise
    try:
        return canonical_id(bare)
    except BadAssetId:
        return None


def _read(text: str, *, site_url: str | None, relative: bool, stored: bool) -> Source:
    if not text.strip():
        raise MissingUrl("The parameter url is missing.")
    if text.strip().lower() in _UNDEFINED:
        raise UrlUndefined("The source is the text of an undefined value, not a URL.")
    if len(text) > MAX_URL_CHARS:
        raise InvalidRequest(f"A source URL has at most {MAX_URL_CHARS} characters.")
    if _WEB.match(text):
        return Source(normalise_url(text))
    if found := _STORED.match(text):
        return _stored(found[1], allowed=stored)
    return Source(_resolved(text, site_url=site_url, relative=relative))


def _stored(key: str, *, allowed: bool) -> Source:
    if not allowed:
        raise InvalidRequest("A source here is an http or https URL.")
    if not validate_key(key).startswith(SERVED_PREFIXES):
        raise ObjectNotFound("The store serves no such object.")
    return Source.stored(key)


def _resolved(text: str, *, site_url: str | None, relative: bool) -> str:
    if text.startswith("//"):
        raise InvalidRequest("A source URL without a scheme may not name a host.")
    if not text.startswith("/"):
        if _SCHEME.match(text) and not text.lower().startswith(("http:", "https:")):
            raise SchemeNotAllowed("A source URL begins with http:// or https://.")
        raise InvalidRequest("A source is an absolute URL that begins with http:// or https://.")
    if not relative:
        raise InvalidRequest("A source is an absolute URL; only /_next/image takes relative ones.")
    return normalise_url(f"{_site(site_url)}{text}")


def _site(site_url: str | None) -> str:
    """RFC 3986 §5.2.2: a reference that begins with a slash keeps of its base scheme and authority only."""
    try:
        return str(URL(site_url or "").origin())
    except ValueError as error:
        raise InvalidRequest("Relative source URLs need the setting IMGSVC_SITE_URL, an http(s) URL.") from error


def _unwrapped(text: str, *, relative: bool) -> str:
    """
    Percent-decode until the text begins as a source does, and never further: ``%25`` in a path survives.

    Escapes that are none are left alone here: only what a proxy added is taken off.
    """
    for _ in range(MAX_DECODINGS - 1):
        if _WEB.match(text) or _STORED.match(text) or (relative and text.startswith("/")):
            break
        try:
            text = unquote(text, errors="strict")
        except UnicodeDecodeError as error:
            raise InvalidRequest("The source URL is not percent-encoded UTF-8.") from error
    return text
