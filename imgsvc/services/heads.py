"""The head of a page, read once its first bytes have shown that it is one."""

from msgspec import Struct

from imgsvc.errors import NotAPage
from imgsvc.model.formats import ImageFormat, sniff
from imgsvc.pages.collector import Extent
from imgsvc.pages.likeness import looks_like_page
from imgsvc.pages.parser import MAX_HEAD_BYTES, PageReader
from imgsvc.pages.tags import Page

PAGE_TYPES = frozenset(("text/html", "application/xhtml+xml"))

DECLARED_BYTES, UNDECLARED_BYTES = 64, 512
"""So many tell a picture that is called a page, and a page that is called something else."""


class Head(Struct, frozen=True):
    """
    The head of a page, as far as it came.

    Attributes:
        page: what was read.
        is_declared: whether its sender calls it a page too.
        broke_off: whether it broke off before all of interest was there.
        was_late: whether the rest was not waited for.
    """

    page: Page
    is_declared: bool
    broke_off: bool = False
    was_late: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether there may be more."""
        return self.broke_off or self.was_late


class HeadReader:
    """
    Takes a page's bytes in pieces; what is declared to be nothing is declared a page.

    Args:
        url: where it was found.
        content_type: as declared, or empty.
    """

    def __init__(self, url: str, content_type: str) -> None:
        kind = content_type.partition(";")[0].strip().lower()
        self._is_declared = not kind or kind in PAGE_TYPES
        self._reader = PageReader(url, content_type, max_bytes=MAX_HEAD_BYTES, extent=Extent.HEAD)
        self._first: bytes | None = b""

    def feed(self, chunk: bytes) -> bool:
        """
        Take a piece; whether more is of interest.

        Raises:
            NotAPage: it is something else, whatever it is declared to be.
        """
        if self._first is None:
            return self._reader.feed(chunk)
        self._first += chunk
        return self._judge(self._first, is_all=False)

    def finish(self) -> Head:
        """Give what was read; raises as :meth:`feed`."""
        if self._first is not None:
            self._judge(self._first, is_all=True)
        return Head(self._reader.finish(), self._is_declared)

    def _judge(self, first: bytes, *, is_all: bool) -> bool:
        is_page = self._is_declared or looks_like_page(first)
        is_enough = is_all or len(first) >= (DECLARED_BYTES if is_page else UNDECLARED_BYTES)
        if _is_picture(first) or (is_enough and not is_page):
            raise NotAPage("The source is no HTML page.", param="url")
        if not is_enough:
            return True
        self._first = None
        return self._reader.feed(first)


def _is_picture(first: bytes) -> bool:
    """Whether these are the first bytes of a picture; a drawing may stand at the beginning of a page."""
    return sniff(first) not in (None, ImageFormat.SVG)
