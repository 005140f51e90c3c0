"""
SVG from strangers, made harmless by an allow-list: what is not known to be safe is not copied.

The document is parsed by a hardened parser and *rebuilt*; nothing of the original tree is reused. Names are in
:mod:`~imgsvc.transform.svg_names`, CSS is judged by :mod:`~imgsvc.transform.svg_css`. The result is UTF-8, the same for
the same input, and sanitising it again changes nothing.
"""

import codecs
import re

from lxml import etree

from imgsvc.errors import CorruptImage, SourceTooLarge
from imgsvc.transform.svg_css import clean_style, clean_stylesheet, clean_value
from imgsvc.transform.svg_load import check_count, check_load
from imgsvc.transform.svg_names import (
    ATTRIBUTES,
    ELEMENTS,
    GEOMETRY,
    MAX_SVG_BYTES,
    PROPERTIES,
    SVG_NAMESPACE,
    TEXT_ELEMENTS,
    XLINK_NAMESPACE,
    XML_NAMESPACE,
)

_ROOT_NAME = f"{{{SVG_NAMESPACE}}}svg"
_DECLARATION = re.compile(r"<\?xml\s[^>]*?\?>")
_DECLARED_ENCODING = re.compile(rb"""<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_PROLOG_ITEM = re.compile(r"[\s\ufeff]+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_ENCODINGS = frozenset(("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "windows-1252"))
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BARE_UTF16 = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_FRAGMENT = re.compile(r"#[^\s#()<>\"'\\]+")
_DATA_PICTURE = re.compile(r"data:image/(png|jpe?g|gif|webp)\s*;\s*base64\s*,([A-Za-z0-9+/=\s]*)", re.IGNORECASE)
_HREFS = frozenset(("href", f"{{{XLINK_NAMESPACE}}}href"))
_XML_ATTRIBUTES = frozenset((f"{{{XML_NAMESPACE}}}space", f"{{{XML_NAMESPACE}}}lang"))
_CSS_TYPES = frozenset(("", "text/css"))
_SHOWN_MEDIA = frozenset(("", "all", "screen"))
_CSS_ATTRIBUTES = PROPERTIES - GEOMETRY


def sanitise(data: bytes) -> bytes:
    """
    Rebuild an SVG without anything that runs, moves or fetches. CPU only; call it in a thread.

    Args:
        data: UTF-8 or UTF-16 (or declared ISO-8859-1 or Windows-1252), at most 1 MiB.

    Returns:
        A UTF-8 document without declaration, at most 1 MiB. Its root is ``svg`` in SVG's namespace, even if that was
        missing.

    Raises:
        SourceTooLarge: more than 1 MiB, before or after.
        CorruptImage: not well-formed, not SVG, with a DOCTYPE, or with more elements, depth or reuse than is drawn.
    """
    root = parse(data)
    check_count(root)
    clean = _rebuild(root)
    check_load(clean)
    etree.cleanup_namespaces(clean)
    return _bounded(etree.tostring(clean, encoding="utf-8", xml_declaration=False))


def parse(data: bytes) -> etree._Element:
    """
    Parse an SVG with entities, network and DTDs switched off; its root is checked, its content is not.

    Raises:
        SourceTooLarge, CorruptImage: as with :func:`sanitise`.
    """
    text = _decode(_bounded(data))
    _refuse_doctype(text)
    # A parser of its own for each document: lxml's share a lock and a dictionary of names between threads.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        attribute_defaults=False, huge_tree=False, recover=False, remove_comments=True, remove_pis=True,
        collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise CorruptImage("The SVG is not well-formed XML.") from error
    if root.tag not in (_ROOT_NAME, "svg") or root.getroottree().docinfo.internalDTD is not None:
        raise CorruptImage("The document's root is not an svg element.")
    return root


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_SVG_BYTES:
        raise SourceTooLarge(f"The SVG has more than {MAX_SVG_BYTES} bytes.")
    return data


def _decode(data: bytes) -> str:
    """Decode by byte order mark, shape or declaration, so that the parser never chooses an encoding itself."""
    encoding, skip = "utf-8", 0
    if mark := next(((m, e) for m, e in _BYTE_ORDER_MARKS if data.startswith(m)), None):
        encoding, skip = mark[1], len(mark[0])
    elif bare := next((e for start, e in _BARE_UTF16 if data.startswith(start)), None):
        encoding = bare
    elif declared := _DECLARED_ENCODING.match(data):
        encoding = declared[1].decode().lower()
        if encoding not in _ENCODINGS:
            raise CorruptImage("The SVG is in an encoding this service does not read.")
    try:
        text = data[skip:].decode(encoding)
    except UnicodeDecodeError as error:
        raise CorruptImage("The SVG's bytes do not fit its encoding.") from error
    return _DECLARATION.sub("", text, count=1) if text.startswith("<?xml") else text


def _refuse_doctype(text: str) -> None:
    """Walk over what may come before the root, so that no parser meets a DOCTYPE; after the root it is no XML."""
    position = 0
    while item := _PROLOG_ITEM.match(text, position):
        position = item.end()
    if text[position : position + 9].upper() == "<!DOCTYPE":
        raise CorruptImage("The SVG has a DOCTYPE, which may declare entities; remove it.")


def _rebuild(root: etree._Element) -> etree._Element:
    """Copy what is allowed, depth first, with a stack of our own: the depth of a document is the sender's choice."""
    own_namespace = etree.QName(root).namespace
    namespaces = {None: SVG_NAMESPACE, "xlink": XLINK_NAMESPACE}
    clean = etree.Element(_ROOT_NAME, nsmap=namespaces)  # type: ignore[arg-type]  # the stubs know no default namespace
    _copy_attributes(root, clean, "svg")
    stack = [(root, clean)]
    while stack:
        original, copy = stack.pop()
        stack += _copy_children(original, copy, own_namespace)
    return clean


def _copy_children(
    original: etree._Element, copy: etree._Element, own_namespace: str | None
) -> list[tuple[etree._Element, etree._Element]]:
    """Copy what is inside one element; give the children that are to be looked into, each with its copy."""
    keeps_text = etree.QName(copy).localname in TEXT_ELEMENTS
    made, last, pieces = [], None, [original.text]
    for child in original:
        if (child_copy := _copy_child(child, copy, own_namespace)) is not None:
            made.append((child, child_copy))
        if keeps_text and (newest := next(copy.iterchildren(reversed=True), None)) is not last:
            _put_text(pieces, copy, last)
            last, pieces = newest, []
        pieces.append(child.tail)
    if keeps_text:
        _put_text(pieces, copy, last)
    return made


def _copy_child(child: etree._Element, parent: etree._Element, own_namespace: str | None) -> etree._Element | None:
    """Add an empty copy of *child* to *parent*, or nothing; give the copy when its children are to be looked at."""
    name = etree.QName(child)
    if name.namespace not in (own_namespace, SVG_NAMESPACE) or name.localname not in ELEMENTS:
        return None
    parent_name = etree.QName(parent).localname
    if name.localname == "style":
        _copy_stylesheet(child, parent)
        return None
    copy = etree.SubElement(parent, f"{{{SVG_NAMESPACE}}}{_drawn_as(name.localname, parent_name)}")
    _copy_attributes(child, copy, name.localname)
    return copy


def _drawn_as(name: str, parent_name: str) -> str:
    """A link is drawn as what it holds."""
    if name != "a":
        return name
    return "tspan" if parent_name in TEXT_ELEMENTS else "g"


def _copy_stylesheet(style: etree._Element, parent: etree._Element) -> None:
    if style.get("type", "").strip().lower() not in _CSS_TYPES:
        return
    css = clean_stylesheet("".join(str(text) for text in style.itertext()))
    if (media := style.get("media", "").strip()).lower() not in _SHOWN_MEDIA:
        # As a rule, which is judged like any other: rules for another scheme or for paper are not rules for all.
        css = clean_stylesheet(f"@media {media}{{{css}}}")
    if css:
        etree.SubElement(parent, f"{{{SVG_NAMESPACE}}}style").text = css


def _put_text(pieces: list[str | None], copy: etree._Element, behind: etree._Element | None) -> None:
    """Write characters once, however many pieces they are in: what is there is read and written anew each time."""
    if not (text := "".join(piece for piece in pieces if piece)):
        return
    if behind is None:
        copy.text = text
    else:
        behind.tail = text


def _copy_attributes(original: etree._Element, copy: etree._Element, name: str) -> None:
    for key, value in original.attrib.items():
        if (cleaned := _attribute(name, str(key), str(value))) is not None:
            copy.set(key, cleaned)


def _attribute(element: str, key: str, value: str) -> str | None:
    """Give the value an attribute may keep, or None."""
    if key in _HREFS:
        return _reference(element, value)
    if key == "style":
        return clean_style(value) or None
    if key in _CSS_ATTRIBUTES:
        return clean_value(value)
    return value if key in ATTRIBUTES or key in _XML_ATTRIBUTES else None


def _reference(element: str, value: str) -> str | None:
    """Give what a link may point to: something in this document, or for pictures one that is written out in it."""
    value = value.strip()
    if element in ("image", "feImage") and (picture := _DATA_PICTURE.fullmatch(value)):
        return f"data:image/{picture[1].lower()};base64,{''.join(picture[2].split())}"
    return value if element not in ("a", "image") and _FRAGMENT.fullmatch(value) else None
