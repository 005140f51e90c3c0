"""What is kept of a page while the parser goes through it: raw attributes and texts, bounded in number and length."""

from collections.abc import Callable, Mapping
from enum import Enum, auto

from imgsvc.pages.addresses import is_data_url
from imgsvc.pages.place import Place, Zone, says_logo

MAX_LINKS = 200
MAX_METAS = 500
MAX_JSON_LD = 20
MAX_JSON_LD_CHARS = 64 * 1024
MAX_TITLE_CHARS = 2000
MAX_HEADER_IMAGES = 8
MAX_DEPTH = 512
"""
Elements inside each other; beyond this Blink, too, builds no deeper (kMaximumHTMLParserDOMTreeDepth). The parser
searches all open elements for each end tag, so a page costs depth times length: without a bound, 14 s for 512 KiB.
"""

Attributes = Mapping[str, str]

_JSON_LD_TYPE = "application/ld+json"
_HINTS = frozenset(("dns-prefetch", "modulepreload", "preconnect", "prefetch", "preload", "prerender", "stylesheet"))
_WORDS = ("class", "id", "alt")
_SOURCES = ("src", "data-src", "data-lazy-src", "data-original", "srcset", "data-srcset")


class Extent(Enum):
    """How much of a page is of interest."""

    HEADER = auto()
    """The head, and the first image in the header that says it is a logo."""
    HEAD = auto()
    """What stands before the head's end as it is written, be it in the head or, by mistake, after it."""


class Collector:
    """
    A target of lxml's parser interface: it is told of each tag and each text, in order.

    Attributes:
        is_done: whether nothing that follows is of interest; all is ignored from then on.
        base: attributes of the first ``base`` with an ``href``, or none.
        links, metas: attributes of each, in order; an image of microdata is a link, where the header is of no interest.
        images: attributes of images in the header, each with whether it is said to be a logo.
        json_ld: texts of scripts.
        title: raw text, or empty.
        is_at_head_end: whether the head's end was the last tag.
    """

    def __init__(self, extent: Extent) -> None:
        self.is_done = False
        self.base: Attributes = {}
        self.links: list[Attributes] = []
        self.metas: list[Attributes] = []
        self.images: list[tuple[Attributes, bool]] = []
        self.json_ld: list[str] = []
        self.title = ""
        self.is_at_head_end = False
        self._follows_header = extent is Extent.HEADER
        self._has_head_closed = False
        self._has_logo = False
        self._place = Place(follows_header=self._follows_header)
        self._depth = 0
        self._pieces: list[str] | None = None
        self._room_chars = 0
        self._openers: dict[str, Callable[[Attributes], None]] = {
            "base": self._on_base, "link": self._on_link, "meta": self._on_meta, "img": self._on_img,
            "script": self._on_script, "title": self._on_title,
        }  # fmt: skip

    @property
    def is_head_over(self) -> bool:
        """Whether the head is closed, or anything that can be seen has begun."""
        return self._has_head_closed or self._place.is_head_over

    def start(self, tag: str, attributes: Attributes) -> None:
        """Take an element that opens."""
        if self.is_done:
            return
        self.is_at_head_end = False
        self._depth += 1
        self._place.enter(tag, attributes, self._depth)
        opener = self._openers.get(tag)
        # A template may become a component that is shown, with header and logo; but it says nothing of the page.
        if opener and (tag == "img" or not self._place.is_in(Zone.TEMPLATE)):
            opener(attributes)
        self.is_done = self._depth >= MAX_DEPTH or (self._follows_header and self.is_head_over and self._has_enough())

    def data(self, text: str) -> None:
        """Take text, if it is being waited for; one that grows too long is cut, and noticed by its length."""
        if self._pieces is not None and self._room_chars > 0:
            self._pieces.append(text[: self._room_chars])
            self._room_chars -= len(text)

    def end(self, tag: str) -> None:
        """Take an element that closes."""
        if self.is_done:
            return
        if self._pieces is not None and tag in ("script", "title"):
            self._on_text(tag, "".join(self._pieces))
            self._pieces = None
        self.is_at_head_end = tag == "head"
        self._has_head_closed = self._has_head_closed or self.is_at_head_end
        self._place.leave(self._depth)
        self._depth -= 1

    def close(self) -> None:
        """End; the parser asks for it, and for nothing else."""

    def _has_enough(self) -> bool:
        return self._has_logo or self._place.is_past_header

    def _on_base(self, attributes: Attributes) -> None:
        if not self.base and attributes.get("href"):
            self.base = attributes

    def _on_link(self, attributes: Attributes) -> None:
        """Keep a link, but for hints and translations, of which some pages have hundreds before their icons."""
        rels = set(attributes.get("rel", "").lower().split())
        says_something = rels - _HINTS or attributes.get("itemprop")
        if len(self.links) < MAX_LINKS and attributes.get("href") and says_something and "hreflang" not in attributes:
            self.links.append(attributes)

    def _on_meta(self, attributes: Attributes) -> None:
        # What is meant for readers without scripts sends them to pages that say so. An empty one counts: what follows
        # a picture without an address says nothing of the one before.
        if len(self.metas) < MAX_METAS and "content" in attributes and not self._place.is_inert:
            self.metas.append(attributes)

    def _on_img(self, attributes: Attributes) -> None:
        if not self._follows_header:
            self._on_property(attributes)
            return
        is_counting_pixel = not self._place.is_head_over and self._place.is_inert
        if self._has_logo or is_counting_pixel or not self._place.is_in_header:
            return
        self._has_logo = self._place.is_in(Zone.LOGO) or _says_logo(attributes)
        if self._has_logo:
            del self.images[MAX_HEADER_IMAGES - 1 :]
        if len(self.images) < MAX_HEADER_IMAGES:
            self.images.append((attributes, self._has_logo))

    def _on_property(self, attributes: Attributes) -> None:
        """Keep an image of microdata as the link that says the same: the value of either is its address."""
        sources = image_sources(attributes) if attributes.get("itemprop") else []
        if sources and len(self.links) < MAX_LINKS and not self._place.is_inert:
            self.links.append({"href": sources[0], "itemprop": attributes["itemprop"]})

    def _on_script(self, attributes: Attributes) -> None:
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        if kind == _JSON_LD_TYPE and len(self.json_ld) < MAX_JSON_LD:
            self._pieces, self._room_chars = [], MAX_JSON_LD_CHARS + 1

    def _on_title(self, _: Attributes) -> None:
        if not self.title and not self._place.is_in(Zone.DRAWING):
            self._pieces, self._room_chars = [], MAX_TITLE_CHARS

    def _on_text(self, tag: str, text: str) -> None:
        if tag == "title":
            self.title = text
        elif len(text) <= MAX_JSON_LD_CHARS:
            self.json_ld.append(text)


def image_sources(attributes: Attributes) -> list[str]:
    """
    Give the references an ``img`` may have its picture from, the likeliest first.

    One that holds its picture itself goes last: it mostly keeps the place of another that scripts load later.
    """
    given = [(name, attributes[name].strip()) for name in _SOURCES if attributes.get(name)]
    references = [text.split(maxsplit=1)[0].rstrip(",") if "srcset" in name else text for name, text in given if text]
    return sorted(references, key=is_data_url)


def _says_logo(attributes: Attributes) -> bool:
    """Ask all words of an ``img``; what a data: URL holds is none, and may spell anything."""
    references = (source for source in image_sources(attributes) if not is_data_url(source))
    return any(says_logo(text) for text in (*(attributes.get(name, "") for name in _WORDS), *references))
