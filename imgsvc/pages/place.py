"""
Where in a page the reader is: in the head, in the header, beyond it.

Pages have no one way to mark their header; this goes by elements, roles and the names that sites give to them.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto

# What stands in a head, or by mistake in it (counting pixels), and says nothing about where it ends.
_NOT_CONTENT = frozenset(
    ("html", "head", "body", "title", "base", "link", "meta", "style", "script", "noscript", "template", "img",
     "iframe", "object", "embed")
)  # fmt: skip
_HEADERS = frozenset(("header", "nav"))
_BEGINS_CONTENT = frozenset(("main", "article", "section", "h2", "footer"))
_LANDMARKS = _HEADERS | _BEGINS_CONTENT
_TOO_WIDE = frozenset(("main", "article"))
"""Elements whose names tell of the whole page."""

_HEADER_NAME = re.compile(
    r"(?:(?:site|page|main|global|top|app|elementor-location)[-_]?)?(?:header|masthead|nav(?:bar|igation)?|top-?bar)",
    re.IGNORECASE,
)
# "logo" in names of files and classes, but not in log-out, blogs, catalogues, dialogues, analogues and psychologists of
# the languages that write them so.
_LOGO = re.compile(r"(?<!cata)(?<!dia)(?<!ana)(?<!b)(?<!o)logo(?!ut|ff|n\b)", re.IGNORECASE)
_TELLING = re.compile(r"header|masthead|nav|top|logo|brand", re.IGNORECASE)
_BRAND = re.compile(r"\bbrand(?:ing)?\b", re.IGNORECASE)

_LOOKED_AT_CHARS = 1000


class Zone(Enum):
    """A part of a page where what stands means something else."""

    NOSCRIPT = auto()
    """Only for readers without scripts."""
    TEMPLATE = auto()
    """Only for scripts: nothing in it is part of the page."""
    DRAWING = auto()
    """An SVG; its title is not the page's."""
    HEADER = auto()
    LOGO = auto()
    """Inside an element that is called a logo."""


_ZONES = {"noscript": Zone.NOSCRIPT, "template": Zone.TEMPLATE, "svg": Zone.DRAWING}


def says_logo(text: str) -> bool:
    """Whether a class, id, text or file name says that something is a logo."""
    return bool(_LOGO.search(text[:_LOOKED_AT_CHARS]))


class Place:
    """
    Follows the elements of a page as they are opened and closed.

    Args:
        follows_header: whether it matters where the header is; if not, a quarter of the time is saved.

    Attributes:
        is_head_over: whether anything that can be seen has begun.
        is_past_header: whether no header is to be expected any more.
    """

    def __init__(self, *, follows_header: bool = True) -> None:
        self.is_head_over = False
        self.is_past_header = False
        self._follows_header = follows_header
        self._has_had_header = False
        self._has_content_begun = False
        # The outermost open element of each zone, by its depth; they lie inside each other, so the last closes first.
        self._open: list[tuple[int, Zone]] = []

    @property
    def is_in_header(self) -> bool:
        """Whether a picture here is in the header: as long as nothing else has begun, all is."""
        return not self._has_content_begun or self.is_in(Zone.HEADER)

    @property
    def is_inert(self) -> bool:
        """Whether what stands here is not for everybody."""
        return self.is_in(Zone.NOSCRIPT, Zone.TEMPLATE)

    def is_in(self, *zones: Zone) -> bool:
        """Whether the reader is inside any of *zones*."""
        return bool(self._open) and any(zone in zones for _, zone in self._open)

    def enter(self, tag: str, attributes: Mapping[str, str], depth: int) -> None:
        """Take note of an element that opens; *depth* counts the open elements, itself included."""
        if zone := _ZONES.get(tag):
            self._mark(zone, depth)
        if tag not in _NOT_CONTENT and not self.is_inert:
            self.is_head_over = True
            if self._follows_header and (attributes or tag in _LANDMARKS):
                self._enter_content(tag, attributes, depth)

    def leave(self, depth: int) -> None:
        """Take note that the element at *depth* closes."""
        if self._open and self._open[-1][0] == depth:
            self._open.pop()

    def _enter_content(self, tag: str, attributes: Mapping[str, str], depth: int) -> None:
        """Most elements say nothing about where they are: that is found out with one search."""
        names = f"{attributes.get('id', '')} {attributes.get('class', '')}"[:_LOOKED_AT_CHARS]
        has_telling_name = _TELLING.search(names) is not None
        is_header = tag in _HEADERS or attributes.get("role") == "banner"
        if tag not in _TOO_WIDE and has_telling_name:
            is_header = is_header or any(_HEADER_NAME.fullmatch(name) for name in names.split())
        if is_header and not self.is_in(Zone.HEADER):
            self._has_had_header = True
            self._mark(Zone.HEADER, depth)
        elif tag in _BEGINS_CONTENT and not self.is_in(Zone.HEADER):
            self._begin_content(tag)
        elif has_telling_name and tag not in _TOO_WIDE and (says_logo(names) or _BRAND.search(names)):
            self._mark(Zone.LOGO, depth)

    def _begin_content(self, tag: str) -> None:
        self._has_content_begun = True
        self.is_past_header = self.is_past_header or self._has_had_header or tag == "footer"

    def _mark(self, zone: Zone, depth: int) -> None:
        if not self.is_in(zone):
            self._open.append((depth, zone))
