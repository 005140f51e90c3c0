"""The pictures that a page offers for sharing, the best first."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

from msgspec.structs import replace

from imgsvc.opengraph.data import ShareImage
from imgsvc.opengraph.statements import Statements
from imgsvc.pages.addresses import is_data_url, resolve
from imgsvc.pages.json_ld import Object, addresses_of, pictures_of
from imgsvc.pages.tags import Meta, Page

MAX_IMAGES = 100
MAX_DESCRIBED = 200
"""Addresses in JSON-LD that are looked at; a page may hold thousands."""

MAX_ALT_CHARS = 500
MAX_SIDE_PX = 100_000

_PRIORITY = (
    "og:image:secure_url", "og:image", "og:image:url", "twitter:image", "jsonld", "image_src", "itemprop",
)  # fmt: skip

_OG = "og:image"
_TWITTER = "twitter:image"
_SPELLINGS = {"twitter:image:src": _TWITTER}
_SECURE = "og:image:secure_url"
_OG_ADDRESSES = frozenset((_OG, "og:image:url", _SECURE))
_ICONS = frozenset(("icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "fluid-icon"))
_PICTURES = frozenset(("image", "thumbnailurl"))
_SIDE = re.compile(r"\s*(\d{1,6})(?:\.0+)?\s*(?:px)?\s*", re.IGNORECASE)
_TYPE = re.compile(r"image/[a-z0-9.+-]{1,60}")
# What icons are called: favicon.ico, favicon-196x196.png, apple.ico.
_ICON_NAME = re.compile(r"(?:.*/)?(?:favicon(?:[-_]?\d+(?:x\d+)?)?\.[a-z]+|[^/]*\.ico)", re.IGNORECASE)

Group = list[tuple[str, str]]
"""Keys and contents that belong to one picture."""

T = TypeVar("T")


def images_of(page: Page, said: Statements) -> tuple[ShareImage, ...]:
    """
    Give each picture once, at most 100.

    A structured property (``og:image:width``) belongs to the picture before it (https://ogp.me/#structured), under each
    of that picture's addresses.

    What the page calls its icon, or what is called like one, is no picture to share, whatever else it is called.

    Args:
        page: the page.
        said: by its JSON-LD.
    """
    icons = {link.href for link in page.links if link.rels & _ICONS}
    offered = [*_of_metas(page), *_of_objects(page, said), *_of_links(page)]
    offered = [image for image in offered if image.url not in icons and not _is_named_icon(image.url)]
    offered.sort(key=lambda image: _PRIORITY.index(image.tag))
    best: dict[str, ShareImage] = {}
    for image in offered:
        known = best.get(image.url)
        best[image.url] = image if known is None else _completed(known, image)
    return tuple(best.values())[:MAX_IMAGES]


def _completed(known: ShareImage, other: ShareImage) -> ShareImage:
    """Take from another tag for the same picture what is not known of it."""
    return replace(
        known,
        width=known.width or other.width,
        height=known.height or other.height,
        alt=known.alt or other.alt,
        type=known.type or other.type,
    )


def _of_metas(page: Page) -> Iterator[ShareImage]:
    for group in (*_groups(page, _OG), *_groups(page, _TWITTER)):
        for key, value in group:
            if _is_address(key) and (address := _address(page, value)):
                yield _told(ShareImage(address, _SPELLINGS.get(key, key)), group)
    for meta in page.metas:
        if _is_picture(meta.itemprop) and (address := _address(page, meta.content)):
            yield ShareImage(address, "itemprop")


def _told(image: ShareImage, group: Group) -> ShareImage:
    """Add what the properties around it say."""
    return replace(
        image,
        width=_property(group, "width", _side),
        height=_property(group, "height", _side),
        alt=_property(group, "alt", lambda text: text[:MAX_ALT_CHARS].rstrip() or None),
        type=_property(group, "type", _type),
    )


def _property(group: Group, part: str, read: Callable[[str], T | None]) -> T | None:
    """Give the first value of a property that makes sense."""
    values = (read(value) for key, value in group if key.endswith(f":{part}"))
    return next((value for value in values if value is not None), None)


def _groups(page: Page, prefix: str) -> Iterator[Group]:
    """Give what is said of one picture after the other."""
    group: Group = []
    for meta in page.metas:
        key = _key(meta, prefix)
        if not key:
            continue
        if _begins(key, group):
            yield group
            group = []
        if group or _is_address(key):  # a property before any picture belongs to none
            group.append((key, meta.content))
    yield group


def _begins(key: str, group: Group) -> bool:
    """Whether an address is one more picture's: it is if the picture has one, but for the secure one of the same."""
    if not _is_address(key):
        return False
    named = {each for each, _ in group if _is_address(each)}
    return key in named if key == _SECURE else bool(named - {_SECURE})


def _is_address(key: str) -> bool:
    return key in _OG_ADDRESSES or key == _TWITTER or key in _SPELLINGS


def _key(meta: Meta, prefix: str) -> str:
    keys = (key for key in (meta.property, meta.name) if key == prefix or key.startswith(f"{prefix}:"))
    return next(keys, "")


def _of_objects(page: Page, said: Statements) -> list[ShareImage]:
    """Give the pictures of what the page is about; nobody's logo, which some give for a picture of themselves."""
    texts = (text for logo in said.logos for text in addresses_of(logo, said.by_id))
    logos = {_address(page, text) for text in islice(texts, MAX_DESCRIBED)}
    groups = ([image for image in _pictures(page, said, group) if image.url not in logos] for group in said.pictured())
    return next((images for images in groups if images), [])


def _pictures(page: Page, said: Statements, items: list[Object]) -> Iterator[ShareImage]:
    values = (item.get(key) for key in ("image", "thumbnailUrl") for item in items)
    pictures = (picture for value in values for picture in pictures_of(value, said.by_id))
    for text, about in islice(pictures, MAX_DESCRIBED):
        if address := _address(page, text):
            width, height = _side(_text(about.get("width"))), _side(_text(about.get("height")))
            yield ShareImage(address, "jsonld", width=width, height=height)


def _text(value: Any) -> str:
    """Write a number, or ``QuantitativeValue``, as text."""
    if isinstance(value, dict):
        value = value.get("value")
    return str(value) if isinstance(value, (str, int, float)) else ""


def _of_links(page: Page) -> Iterator[ShareImage]:
    for link in page.links:
        if not is_data_url(link.href):
            if "image_src" in link.rels:
                yield ShareImage(link.href, "image_src")
            elif _is_picture(link.itemprop):
                yield ShareImage(link.href, "itemprop")


def _is_picture(itemprop: str) -> bool:
    return not _PICTURES.isdisjoint(itemprop.split())


def _is_named_icon(address: str) -> bool:
    return _ICON_NAME.fullmatch(address.partition("?")[0]) is not None


def _address(page: Page, text: str) -> str | None:
    address = resolve(page.base_url, text)
    return None if address is None or is_data_url(address) else address


def _side(text: str) -> int | None:
    found = _SIDE.fullmatch(text)
    side = int(found[1]) if found else 0
    return side if 0 < side <= MAX_SIDE_PX else None


def _type(text: str) -> str | None:
    kind = text.strip().lower()
    return kind if _TYPE.fullmatch(kind) else None
