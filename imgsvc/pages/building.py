"""From what was collected to what is said: attributes become typed tags, references absolute URLs."""

import re

from imgsvc.pages.addresses import is_data_url, resolve
from imgsvc.pages.collector import Attributes, Collector, image_sources
from imgsvc.pages.sizes import parse_sizes
from imgsvc.pages.tags import HeaderImage, Link, Meta, Page
from imgsvc.pages.text import clean

MAX_TEXT_CHARS = 500
MAX_CONTENT_CHARS = 4096
MAX_NAME_CHARS = 100
MAX_RELS = 16
MAX_REFRESH_SECONDS = 10
"""A page that goes elsewhere after a longer time is meant to be read first."""

# HTML Standard, §4.2.5.3, "shared declarative refresh steps".
_REFRESH = re.compile(
    r"""\s*(\d{0,9})(?:\.[\d.]*)?(?:\s*[;,]\s*|\s+)(?:url\s*=\s*)?(?:"([^"]*)|'([^']*)|(.*))""",
    re.IGNORECASE | re.DOTALL,
)


def build_page(found: Collector, url: str, charset: str) -> Page:
    """Make the page of what was *found*; *url* is in normal form. A ``base`` holds for what stands before it, too."""
    base = _base(found, url)
    metas = tuple(meta for attributes in found.metas if (meta := _meta(attributes)))
    return Page(
        url=url,
        base_url=base,
        charset=charset,
        title=clean(found.title, MAX_TEXT_CHARS),
        links=tuple(link for attributes in found.links if (link := _link(attributes, base))),
        metas=metas,
        json_ld=tuple(found.json_ld),
        header_images=tuple(
            image for attributes, is_logo in found.images if (image := _image(attributes, base, says_logo=is_logo))
        ),
        refresh_url=_refresh_url(metas, base),
    )


def _base(found: Collector, url: str) -> str:
    base = resolve(url, found.base.get("href", ""))
    return url if base is None or is_data_url(base) else base


def _link(attributes: Attributes, base: str) -> Link | None:
    href = resolve(base, attributes["href"])
    if href is None:
        return None
    rels = clean(attributes.get("rel", ""), MAX_TEXT_CHARS).lower().split()[:MAX_RELS]
    return Link(
        rels=frozenset(rels),
        href=href,
        type=_name(attributes, "type").partition(";")[0].strip(),
        sizes=parse_sizes(attributes.get("sizes", "")),
        media=clean(attributes.get("media", ""), MAX_TEXT_CHARS),
        colour=clean(attributes.get("color", ""), MAX_NAME_CHARS),
        itemprop=_name(attributes, "itemprop"),
    )


def _meta(attributes: Attributes) -> Meta | None:
    meta = Meta(
        content=clean(attributes["content"], MAX_CONTENT_CHARS),
        name=_name(attributes, "name"),
        property=_name(attributes, "property"),
        itemprop=_name(attributes, "itemprop"),
        http_equiv=_name(attributes, "http-equiv"),
        media=clean(attributes.get("media", ""), MAX_TEXT_CHARS),
    )
    has_key = meta.name or meta.property or meta.itemprop or meta.http_equiv
    return meta if has_key else None


def _name(attributes: Attributes, key: str) -> str:
    return clean(attributes.get(key, ""), MAX_NAME_CHARS).lower()


def _image(attributes: Attributes, base: str, *, says_logo: bool) -> HeaderImage | None:
    addresses = (resolve(base, source) for source in image_sources(attributes))
    src = next((address for address in addresses if address), None)
    return HeaderImage(src, clean(attributes.get("alt", ""), MAX_TEXT_CHARS), says_logo) if src else None


def _refresh_url(metas: tuple[Meta, ...], base: str) -> str | None:
    content = next((meta.content for meta in metas if meta.http_equiv == "refresh"), "")
    match = _REFRESH.match(content)
    if match is None or int(match[1] or 0) > MAX_REFRESH_SECONDS:
        return None
    address = resolve(base, match[2] or match[3] or match[4] or "")
    return None if address is None or is_data_url(address) else address
