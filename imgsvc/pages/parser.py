"""
A page read as it arrives, only as far as it is of interest.

The parser is libxml2's for HTML, which since 2.14 cuts tags as the HTML Standard, §13.2.5 ("Tokenization") says; it is
fed UTF-8 that was decoded here, so that it never chooses an encoding itself.
"""

import contextlib
import re
from typing import Any, cast

from lxml import etree

from imgsvc.pages.building import build_page
from imgsvc.pages.charset import PRESCAN_BYTES, UTF_8, Decoder
from imgsvc.pages.collector import Collector, Extent
from imgsvc.pages.tags import Page

MAX_PAGE_BYTES = 512 * 1024

MAX_HEAD_BYTES = 1024 * 1024
"""Of a head that does not end; of a page that writes no end of its head, MAX_PAGE_BYTES."""

SLICE_BYTES = 4096
"""
How much is parsed at a time, however it arrives: the result must not depend on how a network cuts it. It covers the
bytes that may declare the encoding, and bounds what is parsed beyond the end of interest. A slice also ends behind what
spells the end of the head: a page may make its reader wait for what follows. What is declared behind that counts from
there on.
"""

_END_OF_HEAD = "</head"
_HEAD_END_TAG = re.compile(rb"</head[\t\n\f\r ]*>", re.IGNORECASE)


class PageReader:
    """
    Reads one page. Callable from any thread, one at a time.

    CPU only: 0.2 ms for 4 KiB of a usual page, 1.5 ms of a costly one, 15 ms where a tag as long as a page ends.

    With :attr:`Extent.HEADER` reading ends behind the head and the first image in the header that says it is a logo, or
    where none is to be expected any more; with :attr:`Extent.HEAD` at the end of the head as it is written, so that
    tags are found that stand behind a stray ``div``; always at *max_bytes*. Nothing raises, whatever the bytes are.

    Args:
        url: where the page comes from, in normal form (:func:`~imgsvc.model.hosts.normalise_url`).
        content_type: its header, or empty.
        max_bytes: what follows these is not looked at.
        extent: how much is of interest.
    """

    def __init__(
        self, url: str, content_type: str = "", *, max_bytes: int = MAX_PAGE_BYTES, extent: Extent = Extent.HEADER
    ) -> None:
        self._url = url
        self._content_type = content_type
        self._left_bytes = max_bytes
        self._pending = bytearray()
        self._decoder: Decoder | None = None
        self._start = b""
        self._extent = extent
        self._read_bytes = 0
        self._last_chars = ""
        self._has_head_end = False
        self._found = Collector(extent)
        # A parser of its own for each page. The stubs know no targets.
        self._parser = etree.HTMLParser(
            target=cast("Any", self._found), encoding="utf-8", no_network=True, huge_tree=False, recover=True,
            remove_comments=True, remove_pis=True, collect_ids=False,
        )  # fmt: skip

    def feed(self, chunk: bytes) -> bool:
        """Take the page's next bytes, however many; give whether more are wanted."""
        if not self._wants_more:
            return False
        self._pending += memoryview(chunk)[: self._left_bytes]
        self._left_bytes -= min(len(chunk), self._left_bytes)
        while (stop := self._end_of_slice()) is not None and not self._found.is_done:
            piece = bytes(self._pending[:stop])
            del self._pending[:stop]
            self._parse(piece)
        return self._wants_more

    @property
    def is_head_over(self) -> bool:
        """Whether the head is closed, or anything that can be seen has begun; what follows is worth less waiting."""
        return self._found.is_head_over

    def finish(self) -> Page:
        """Give what was read, once; a page that breaks off is read as far as it goes."""
        if self._pending and not self._found.is_done:
            self._parse(bytes(self._pending))
        with contextlib.suppress(etree.LxmlError):  # a page without any tag is none to the parser
            self._parser.close()
        return build_page(self._found, self._url, self._decoder.charset if self._decoder else UTF_8)

    def _end_of_slice(self) -> int | None:
        """Say how much is to be parsed next, by what the page is and not by how much of it is there; None = wait."""
        if (end := _HEAD_END_TAG.search(self._pending, 0, SLICE_BYTES)) is not None:
            return end.end()
        return SLICE_BYTES if len(self._pending) >= SLICE_BYTES else None

    @property
    def _wants_more(self) -> bool:
        return self._left_bytes > 0 and not self._found.is_done

    def _parse(self, piece: bytes) -> None:
        text = self._decoded(piece)
        try:
            self._parser.feed(text.encode())
        except etree.LxmlError:  # it has given up on the page; what it told before holds
            self._found.is_done = True
        if self._extent is Extent.HEAD:
            self._look_for_end(text, len(piece))

    def _decoded(self, piece: bytes) -> str:
        if self._decoder is None or len(self._start) < PRESCAN_BYTES:
            self._start += piece[:PRESCAN_BYTES]
            decoder = Decoder(self._start, self._content_type)
            if self._decoder is None or decoder.charset != self._decoder.charset:
                self._decoder = decoder
        return self._decoder.decode(piece)

    def _look_for_end(self, text: str, piece_bytes: int) -> None:
        """
        End where the head's end is written and is one; a text that only spells it is inside a script or comment.

        A slice shorter than others ends with it, or with what spells it: there the parser's last word decides.
        """
        self._read_bytes += piece_bytes
        seen = self._last_chars + text.lower()
        self._last_chars = seen[1 - len(_END_OF_HEAD) :]
        self._has_head_end = self._has_head_end or _END_OF_HEAD in seen
        may_end = self._has_head_end or self._read_bytes >= MAX_PAGE_BYTES
        is_over = self._found.is_head_over if piece_bytes == SLICE_BYTES else self._found.is_at_head_end
        self._found.is_done = self._found.is_done or (may_end and is_over)
