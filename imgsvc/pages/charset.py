"""
In which character encoding a page is written, and its text, piece by piece.

The order is that of the HTML Standard, §13.2.3.2 ("Determining the character encoding"): byte order mark, the header's
``charset``, what a ``meta`` says in the first 1,024 bytes. Where nobody says it nothing is guessed: it is UTF-8.
"""

import codecs
import re
from collections.abc import Iterator

from imgsvc.pages.labels import NAMES, codec_of

PRESCAN_BYTES = 1024
"""How far a page may go before it says its encoding (HTML Standard, §4.2.5.4)."""

UTF_8 = "utf-8"

_MARKS = ((codecs.BOM_UTF8, UTF_8), (codecs.BOM_UTF16_BE, "utf-16be"), (codecs.BOM_UTF16_LE, "utf-16le"))
_WHITE_SPACE = " \t\n\f\r"
_CHARSET = re.compile(r"""charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"',]+))""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""\A<\?xml[^>]*?\bencoding\s*=\s*["']([^"'>]*)["']""")
# A comment, a tag's name, or another thing that ends at the next ">".
_ITEM = re.compile(rb"<!--(?:-?>|.*?-->|.*)|</?([a-z][^\s/>]*)|<[!/?][^>]*>?", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = re.compile(rb"""[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>][^\s>]*)))?""")


class Decoder:
    """
    Text of a page from its bytes. Never raises; what cannot be decoded becomes U+FFFD.

    Attributes:
        charset: name of the encoding, as the WHATWG spells it, lower-case; undeclared text is UTF-8.
    """

    def __init__(self, start: bytes, content_type: str) -> None:
        """Take the encoding from the page's first bytes (1,024, or all of it) and its Content-Type header."""
        self.charset = declared_charset(start, content_type) or UTF_8
        self._decoder = codecs.getincrementaldecoder(codec_of(self.charset))("replace")
        self._is_at_start = True

    def decode(self, data: bytes) -> str:
        """Give the text of the next bytes; a character that is cut at their end comes with the next ones."""
        text = self._decoder.decode(data)
        if self._is_at_start and text:
            self._is_at_start = False
            text = text.removeprefix("\ufeff")
        return text


def declared_charset(start: bytes, content_type: str) -> str | None:
    """
    Give the encoding a page declares, or None.

    Args:
        start: its first bytes; no more than 1,024 are looked at.
        content_type: value of the header, or empty.
    """
    if marked := next((name for mark, name in _MARKS if start.startswith(mark)), None):
        return marked
    return _named(_label_in(content_type)) or prescan(start)


def prescan(start: bytes) -> str | None:
    """
    Find the encoding in a page's markup (HTML Standard, §13.2.3.2, "prescan a byte stream to determine its encoding").

    An XML declaration counts when no ``meta`` does. UTF-16 cannot be declared in bytes that are read as ASCII: it is
    taken for UTF-8, and ``x-user-defined`` for windows-1252.
    """
    head = start[:PRESCAN_BYTES]
    for attributes in _metas(head):
        label = attributes.get("charset")
        if label is None and attributes.get("http-equiv", "").lower() == "content-type":
            label = _label_in(attributes.get("content", ""))
        if label and (name := _declared_in_ascii(label)):
            return name
    declaration = _XML_ENCODING.match(head)
    return _declared_in_ascii(declaration[1].decode("latin-1")) if declaration else None


def _metas(head: bytes) -> Iterator[dict[str, str]]:
    """Give the attributes of each ``meta``, walking over comments and other tags as a parser would."""
    at = 0
    while item := _ITEM.search(head, at):
        at = item.end()
        if item[1] is None:
            continue
        attributes: dict[str, str] = {}
        while attribute := _ATTRIBUTE.match(head, at):
            at = attribute.end()
            value = next((group for group in attribute.groups()[1:] if group is not None), b"")
            attributes.setdefault(attribute[1].decode("latin-1").lower(), value.decode("latin-1"))
        if item[0].lower() == b"<meta":
            yield attributes


def _label_in(text: str) -> str:
    match = _CHARSET.search(text)
    return next((group for group in match.groups() if group is not None), "") if match else ""


def _named(label: str) -> str | None:
    return NAMES.get(label.strip(_WHITE_SPACE).lower())


def _declared_in_ascii(label: str) -> str | None:
    if label.strip(_WHITE_SPACE).lower() == "x-user-defined":
        return "windows-1252"
    name = _named(label)
    return UTF_8 if name in ("utf-16be", "utf-16le") else name
