"""Names of things in the object store, made and checked in one place."""

import hashlib
import re
from functools import lru_cache

from imgsvc.errors import BadKey
from imgsvc.model.source import Source
from imgsvc.model.spec import TRANSFORM_VERSION, TransformSpec

MAX_KEY_BYTES = 512
IMAGE_PREFIX = "images/image/"
ASSET_PREFIX = "images/assets/"
SERVED_PREFIXES = (IMAGE_PREFIX, "images/logos/", "images/opengraph/")
"""Below these a client may name a stored object as its source; an asset has a route of its own."""

NAMES_REMEMBERED = 1024
"""Of variants: many sources are asked for in few ways. Each stays below 2 KB."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_NOT_SEGMENTS = frozenset(("", ".", ".."))
_READABLE = re.compile(r"[a-z0-9,.-]{1,120}\Z")


def validate_key(key: str) -> str:
    """
    Check a key before it comes near a file system or a bucket.

    Returns:
        *key* itself.

    Raises:
        BadKey: absolute, over 512 bytes of UTF-8, or with ``.``, ``..`` or empty segments, a backslash or a control
            character.
    """
    if not key or len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        raise BadKey(f"A store key has 1 to {MAX_KEY_BYTES} bytes.", param="url")
    if _CONTROL.search(key) or not key.isprintable():
        raise BadKey("A store key holds no backslash, control character or unpaired surrogate.", param="url")
    if not _NOT_SEGMENTS.isdisjoint(key.split("/")):
        raise BadKey("A store key is relative and has no empty, '.' or '..' segment.", param="url")
    return key


def source_prefix(source: Source) -> str:
    """Everything kept of one source lies below this; ends in a slash."""
    return f"{IMAGE_PREFIX}{source.h16}/" if source.asset_id is None else f"{ASSET_PREFIX}{source.asset_id}/"


def original_key(source: Source) -> str:
    """Where a source's own bytes lie."""
    return f"{source_prefix(source)}original"


def record_key(source: Source) -> str:
    """Where what is known of a source lies: validators, freshness, digest."""
    return f"{source_prefix(source)}source.json"


def variant_key(source: Source, spec: TransformSpec) -> str:
    """
    Where the answer to *spec* lies: readable where it can be, hashed where a client's own text is in it or it is long.

    The transform version is part of it, so that better pixels never hide behind old ones.
    """
    return f"{source_prefix(source)}{_variant_name(spec)}"


@lru_cache(NAMES_REMEMBERED)
def _variant_name(spec: TransformSpec) -> str:
    text = f"t{TRANSFORM_VERSION},{spec.canonical()}"
    if spec.version is not None or not _READABLE.match(text):
        text = f"t{TRANSFORM_VERSION},{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
    return f"{text}.{spec.extension}"


def result_key(source: Source, spec: TransformSpec) -> str:
    """
    Name one answer; memory, flights and store all use this name.

    When nothing is asked of the picture that is the original itself, or the stored object that is the source.
    """
    if spec.is_identity and spec.version is None and not spec.content:
        return source.object_key or original_key(source)
    return variant_key(source, spec)
