"""
From a page's tags to what it shares: https://ogp.me, Twitter's cards, schema.org, and what HTML itself has.

Sites mix up ``name`` and ``property``; both are read. A field that makes no sense counts as not there, and takes no
other with it.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from imgsvc.model.colours import colour
from imgsvc.model.look import Theme
from imgsvc.model.media import is_for
from imgsvc.opengraph.data import Described, ShareData, TwitterCard
from imgsvc.opengraph.images import images_of
from imgsvc.opengraph.statements import Statements
from imgsvc.pages.addresses import is_data_url, resolve
from imgsvc.pages.json_ld import kinds_of, organisations, referred, texts_of
from imgsvc.pages.tags import Page
from imgsvc.pages.text import clean

MAX_NAME_CHARS = 200
MAX_TIME_CHARS = 50

_TITLE = ("og:title", "twitter:title")
_DESCRIPTION = ("og:description", "twitter:description", "description")
_SITE_NAME = ("og:site_name", "application-name")
_VIDEO = ("og:video:secure_url", "og:video:url", "og:video")
_AUTHOR = ("author", "article:author", "og:article:author", "dc.creator", "dcterms.creator", "parsely-author")
_PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "date", "dc.date", "dc.date.issued",
    "dcterms.issued", "dcterms.date", "pubdate",
)  # fmt: skip

_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_WORD = re.compile(r"[a-z0-9][a-z0-9._:-]{0,49}")
_ACCOUNT = re.compile(r"@?[A-Za-z0-9_]{1,50}")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|www\.|mailto:|\S+@\S+\.\S+\Z", re.IGNORECASE)
# What the parser of the standard library takes for a time, but with any character between date and time.
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ][\d:.,]+(?:[Zz]|[+-][\d:]+)?)?", re.ASCII)
_HEX_DIGITS = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_COLOUR_FUNCTION = re.compile(r"(?:(?:rgb|hsl)a?|hwb|(?:ok)?lab|(?:ok)?lch)\([0-9a-z.,%/ +-]{1,60}\)", re.IGNORECASE)


def share_data(page: Page) -> ShareData:
    """Read what *page* says of itself. CPU only; never raises, whatever the page holds."""
    said = Statements.of(page.json_ld)
    return ShareData(
        title=_first((*_contents(page, _TITLE), page.title)),
        description=_first(_contents(page, _DESCRIPTION)),
        site_name=_first(_contents(page, _SITE_NAME)),
        type=_matching(_WORD, (text.lower() for text in _contents(page, ("og:type",)))),
        locale=_matching(_LOCALE, _contents(page, ("og:locale",))),
        images=images_of(page, said),
        video=_video(page),
        favicon=_favicon(page),
        theme_colour=_theme_colour(page),
        author=_author(page, said),
        published_time=_published(page, said),
        twitter=_twitter(page),
        described=_described(page, said),
    )


def _contents(page: Page, keys: tuple[str, ...]) -> Iterator[str]:
    """Give what the page says under *keys*, those of the first key first."""
    return (meta.content for key in keys for meta in page.metas if meta.is_called(key))


def _first(texts: Iterable[str]) -> str | None:
    return next((text for text in texts if text), None)


def _matching(pattern: re.Pattern[str], texts: Iterable[str]) -> str | None:
    return next((text for text in texts if pattern.fullmatch(text)), None)


def _video(page: Page) -> str | None:
    addresses = (resolve(page.base_url, text) for text in _contents(page, _VIDEO))
    return next((address for address in addresses if address and not is_data_url(address)), None)


def _favicon(page: Page) -> str | None:
    """Give the first icon; rather none that is only for old browsers, or for dark pages."""
    icons = [link for link in page.links if "icon" in link.rels and not is_data_url(link.href)]
    icons.sort(key=lambda link: ("alternate" in link.rels, not is_for(link.media, Theme.LIGHT)))
    return icons[0].href if icons else None


def _theme_colour(page: Page) -> str | None:
    named = [meta for meta in page.metas if meta.is_called("theme-color") and _is_colour(meta.content)]
    named.sort(key=lambda meta: not is_for(meta.media, Theme.LIGHT))
    return named[0].content if named else None


def _is_colour(text: str) -> bool:
    """Whether CSS takes it for one; it takes no hex digits without their ``#``."""
    if _COLOUR_FUNCTION.fullmatch(text):
        return True
    try:
        colour(text)
    except ValueError:
        return False
    return _HEX_DIGITS.fullmatch(text) is None


def _twitter(page: Page) -> TwitterCard:
    return TwitterCard(
        card=_matching(_WORD, (text.lower() for text in _contents(page, ("twitter:card",)))),
        site=_matching(_ACCOUNT, _contents(page, ("twitter:site",))),
        creator=_matching(_ACCOUNT, _contents(page, ("twitter:creator",))),
    )


def _author(page: Page, said: Statements) -> str | None:
    """Give a name; ``article:author`` is mostly the address of a profile."""
    described = (name for item in said.spoken for name in _names(item.get("author"), said))
    names = (clean(name, MAX_NAME_CHARS) for name in (*_contents(page, _AUTHOR), *described))
    return _first(name for name in names if not _ADDRESS.match(name))


def _names(value: Any, said: Statements) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        yield from texts_of(referred(each, said.by_id).get("name") if isinstance(each, dict) else each)


def _published(page: Page, said: Statements) -> str | None:
    keys = ("datePublished", "uploadDate")
    described = (text for key in keys for item in said.spoken for text in texts_of(item.get(key)))
    texts = (clean(text, MAX_TIME_CHARS) for text in (*_contents(page, _PUBLISHED), *described))
    return _first(text for text in texts if _is_time(text))


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _described(page: Page, said: Statements) -> Described | None:
    """Tell what the page's JSON-LD is about, and whose logo stands in it."""
    if not said.subjects:
        return None
    _, about = said.subjects[0]
    logos = (url for each in organisations(page.json_ld, page.base_url) for url in each.logo_urls)
    names = (clean(text, MAX_NAME_CHARS) for key in ("name", "headline") for text in texts_of(about.get(key)))
    return Described(
        type=kinds_of(about)[0], name=_first(names), logo=next((url for url in logos if not is_data_url(url)), None)
    )
