"""What a logo and its record are called in the object store."""

import hashlib
import re

from imgsvc.model.formats import ImageFormat

LOGO_PREFIX = "images/logos/"

_SHORT_SOURCES = {"duckduckgo": "ddg"}
_HASH_CHARS = 8
_LOGO = re.compile(r"(?P<name>[a-z0-9_-]+)_[a-z0-9-]+_(?P<hash>[0-9a-f]{8})\.[a-z]+")
_RECORD = re.compile(r"(?P<domain>[a-z0-9._-]+)\.json")


def logo_key(domain: str, source: str, image_format: ImageFormat) -> str:
    """
    Name a stored logo so that a person can read it in a bucket: ``images/logos/example_com_google_a379a6f6.png``.

    Args:
        domain: a normalised host; as its dots become ``_``, its hash tells it from another with ``_`` in that place.
        source: what it was found by, such as ``link-icon``; holds no ``_``.
        image_format: of the stored bytes.
    """
    short = _SHORT_SOURCES.get(source, source)
    return f"{LOGO_PREFIX}{domain.replace('.', '_')}_{short}_{_hash8(domain)}.{image_format.value}"


def logo_record_key(domain: str) -> str:
    """Name what is known of a domain's logo: its candidates, the chosen one, validators and times."""
    return f"{LOGO_PREFIX}{domain}.json"


def is_logo_key(key: str) -> bool:
    """Whether a logo may lie under *key*."""
    return key.startswith(LOGO_PREFIX) and _LOGO.fullmatch(key.removeprefix(LOGO_PREFIX)) is not None


def domain_of_key(key: str) -> str | None:
    """
    Give the domain that a logo's or a record's key was made of, or None when it is no such key.

    A logo's key does not say where dots stood; all of its ``_`` are taken for dots, and the hash must agree.
    """
    name = key.removeprefix(LOGO_PREFIX)
    if name == key:
        return None
    if record := _RECORD.fullmatch(name):
        return record["domain"]
    logo = _LOGO.fullmatch(name)
    domain = logo["name"].replace("_", ".") if logo else ""
    return domain if logo and _hash8(domain) == logo["hash"] else None


def _hash8(domain: str) -> str:
    return hashlib.sha256(domain.encode("ascii")).hexdigest()[:_HASH_CHARS]
