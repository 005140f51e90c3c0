"""Web app manifests (W3C Web Application Manifest, and its Image Resource): names, colour and icons."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from imgsvc.pages.addresses import resolve
from imgsvc.pages.json_text import read_json
from imgsvc.pages.sizes import Size, parse_sizes
from imgsvc.pages.text import clean

MAX_MANIFEST_BYTES = 256 * 1024
MAX_ICONS = 200
MAX_NAME_CHARS = 200
MAX_WORD_CHARS = 100

_PURPOSES = frozenset(("any", "maskable", "monochrome"))


class ManifestIcon(Struct, frozen=True):
    """
    An icon a manifest offers.

    Attributes:
        src: absolute; http(s) in normal form, or a ``data:`` URL of a picture.
        sizes: as declared.
        type: media type, lower-case, or empty.
        purpose: some of ``any``, ``maskable``, ``monochrome``; never empty.
    """

    src: str
    sizes: tuple[Size, ...] = ()
    type: str = ""
    purpose: frozenset[str] = frozenset(("any",))


class Manifest(Struct, frozen=True):
    """
    What a manifest says; empty where it says nothing, or something of the wrong type.

    Attributes:
        name: cleaned.
        short_name: cleaned.
        theme_colour: as written.
        icons: in order, at most 200.
    """

    name: str = ""
    short_name: str = ""
    theme_colour: str = ""
    icons: tuple[ManifestIcon, ...] = ()


def read_manifest(data: bytes, url: str) -> Manifest:
    """
    Read a manifest. Never raises: what is no manifest, or larger than 256 KiB, says nothing.

    Args:
        data: UTF-8, with or without a byte order mark.
        url: where it came from, in normal form; addresses in it are relative to that.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        return Manifest()
    value = read_json(data.decode("utf-8-sig", "replace"))
    if not isinstance(value, dict):
        return Manifest()
    return Manifest(
        name=_text(value, "name", MAX_NAME_CHARS),
        short_name=_text(value, "short_name", MAX_NAME_CHARS),
        theme_colour=_text(value, "theme_color", MAX_WORD_CHARS),
        icons=tuple(_icons(value.get("icons"), url)),
    )


def _icons(value: Any, url: str) -> Iterator[ManifestIcon]:
    for item in value[:MAX_ICONS] if isinstance(value, list) else ():
        if isinstance(item, dict) and (icon := _icon(item, url)):
            yield icon


def _icon(item: dict[str, Any], url: str) -> ManifestIcon | None:
    """Read an icon; one without address, or for purposes that nobody knows only, is none (Image Resource, §3)."""
    reference = item.get("src")
    src = resolve(url, reference) if isinstance(reference, str) else None
    purpose = frozenset(_text(item, "purpose", MAX_WORD_CHARS).lower().split() or ("any",)) & _PURPOSES
    if src is None or not purpose:
        return None
    sizes = item.get("sizes")
    return ManifestIcon(
        src=src,
        sizes=parse_sizes(sizes) if isinstance(sizes, str) else (),
        type=_text(item, "type", MAX_WORD_CHARS).lower(),
        purpose=purpose,
    )


def _text(item: dict[str, Any], key: str, max_chars: int) -> str:
    value = item.get(key)
    return clean(value, max_chars) if isinstance(value, str) else ""
