"""
Which pictures a site itself names as its icon or logo, and where else such pictures lie by custom.

Share images (``og:image``, ``twitter:image``, ``image_src``) are never made candidates: they show an article, not
whose it is.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.logos.site import own_organisations
from imgsvc.model.look import Theme
from imgsvc.model.media import is_for
from imgsvc.pages.addresses import is_data_url, resolve
from imgsvc.pages.manifest import Manifest
from imgsvc.pages.sizes import Size
from imgsvc.pages.tags import Page

MAX_CANDIDATES = 50

WELL_KNOWN_PATHS = (
    "/apple-touch-icon.png",
    "/apple-touch-icon-precomposed.png",
    "/apple-touch-icon-180x180.png",
    "/android-chrome-512x512.png",
    "/favicon.svg",
    "/favicon.ico",
)
"""Where browsers look unasked, or icon generators put their pictures."""

# A link of several kinds is of the first.
_LINK_SOURCES = (
    ("apple-touch-icon", LogoSource.APPLE_TOUCH_ICON),
    ("apple-touch-icon-precomposed", LogoSource.APPLE_TOUCH_ICON),
    ("mask-icon", LogoSource.MASK_ICON),
    ("fluid-icon", LogoSource.FLUID_ICON),
    ("icon", LogoSource.LINK_ICON),
)
_MAKESHIFTS = (LogoSource.MASK_ICON, LogoSource.MS_TILE)
_META_SOURCES = {"og:logo": LogoSource.OG_LOGO, "msapplication-tileimage": LogoSource.MS_TILE}
_SHARE_KEYS = ("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src")
# What "logo-dark.svg" says; manifest and JSON-LD have no other place for it.
_NAMED_SCHEME = re.compile(r"[-_.](light|dark)(?:[-_]?mode)?(?:[-_@.]?[0-9x]+)?\.[a-z]+(?:\?|\Z)")

# What is worth fetching first when nothing is declared; sizes icons of these kinds mostly have.
_USUAL_PX = {
    LogoSource.APPLE_TOUCH_ICON: 180, LogoSource.MANIFEST: 192, LogoSource.LINK_ICON: 32, LogoSource.JSON_LD: 200,
    LogoSource.OG_LOGO: 200, LogoSource.FLUID_ICON: 512, LogoSource.HEADER_IMAGE: 150, LogoSource.MS_TILE: 144,
    LogoSource.MASK_ICON: 16, LogoSource.WELL_KNOWN: 100,
}  # fmt: skip
_VECTOR_PX = 1024
_ENOUGH_PX = 256  # beyond this a larger size is no better promise


def page_candidates(page: Page, manifest: Manifest | None = None) -> tuple[Candidate, ...]:
    """
    Give what a page, and its manifest, name as icon or logo: each URL once, the most promising first.

    Returns:
        :data:`MAX_CANDIDATES` at most; only http(s), nothing that the page holds as a ``data:`` URL.
    """
    declared = (_from_links(page), _from_json_ld(page), _from_manifest(manifest), _from_metas(page), _from_header(page))
    once = _each_once(candidate for group in declared for candidate in group)
    return tuple(sorted(once, key=_promise)[:MAX_CANDIDATES])


def well_known_candidates(url: str) -> tuple[Candidate, ...]:
    """Give what may lie, undeclared, on the host of *url* (normalised); scheme and port are *url*'s."""
    return tuple(Candidate(urljoin(url, path), LogoSource.WELL_KNOWN) for path in WELL_KNOWN_PATHS)


def _from_links(page: Page) -> Iterator[Candidate]:
    for link in page.links:
        source = next((source for rel, source in _LINK_SOURCES if rel in link.rels), None)
        themes = [theme for theme in Theme if is_for(link.media, theme)]
        if source is not None and themes:
            scheme = themes[0] if len(themes) == 1 else None
            yield Candidate(link.href, source, _largest_px(link.sizes), link.type or None, scheme=scheme)


def _from_manifest(manifest: Manifest | None) -> Iterator[Candidate]:
    for icon in manifest.icons if manifest else ():
        size_px, scheme = _largest_px(icon.sizes), _named_scheme(icon.src)
        yield Candidate(icon.src, LogoSource.MANIFEST, size_px, icon.type or None, icon.purpose, scheme)


def _from_json_ld(page: Page) -> Iterator[Candidate]:
    for organisation in own_organisations(page):
        for url in organisation.logo_urls:
            yield Candidate(url, LogoSource.JSON_LD, scheme=_named_scheme(url))


def _from_metas(page: Page) -> Iterator[Candidate]:
    for key, source in _META_SOURCES.items():
        for meta in page.metas:
            if meta.is_called(key) and (url := resolve(page.base_url, meta.content)):
                yield Candidate(url, source)


def _from_header(page: Page) -> Iterator[Candidate]:
    """Pictures that only their class or name calls a logo; one that is a share image as well shows something else."""
    shared = {resolve(page.base_url, page.content(key)) for key in _SHARE_KEYS}
    for image in page.header_images:
        if image.says_logo and image.src not in shared:
            yield Candidate(image.src, LogoSource.HEADER_IMAGE)


def _each_once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Put what is said twice of one picture together; the first source stands."""
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        if not is_data_url(candidate.url):
            found[candidate.url] = _merged(found.get(candidate.url), candidate)
    return list(found.values())


def _merged(first: Candidate | None, second: Candidate) -> Candidate:
    if first is None:
        return second
    return replace(
        first,
        # A drawing may be a silhouette and the icon itself: what is good enough for the icon is no makeshift.
        source=second.source if first.source in _MAKESHIFTS else first.source,
        declared_px=max(first.declared_px or 0, second.declared_px or 0) or None,
        declared_type=first.declared_type or second.declared_type,
        # What one of them does not restrict is for any purpose.
        purposes=first.purposes | second.purposes if first.purposes and second.purposes else frozenset(),
        # Declared for light and for dark, or for one and for all: for all.
        scheme=first.scheme if first.scheme is second.scheme else None,
    )


def _promise(candidate: Candidate) -> tuple[float, int]:
    """Order of fetching within the class: large ones first, then as they were declared."""
    usual_px = _USUAL_PX[candidate.source]
    if candidate.source is not LogoSource.MASK_ICON and _is_vector(candidate):
        return -_VECTOR_PX, -usual_px
    return -min(candidate.declared_px or usual_px, _ENOUGH_PX), -usual_px


def _is_vector(candidate: Candidate) -> bool:
    path = urlsplit(candidate.url).path.lower()
    return candidate.declared_type == "image/svg+xml" or path.endswith(".svg")


def _largest_px(sizes: Iterable[Size]) -> int | None:
    """Longest side declared; None where none is, or only "any"."""
    return max((max(size) for size in sizes), default=0) or None


def _named_scheme(url: str) -> Theme | None:
    found = _NAMED_SCHEME.search(url.lower())
    return Theme(found[1]) if found else None
