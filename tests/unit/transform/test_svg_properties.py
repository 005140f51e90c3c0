"""The sanitiser under random documents: always harmless, always the same the second time."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from imgsvc.errors import CorruptImage, ImgsvcError
from imgsvc.transform.svg_names import ATTRIBUTES, ELEMENTS, PROPERTIES, SVG_NAMESPACE, XLINK_NAMESPACE
from imgsvc.transform.svg_sanitiser import sanitise

pytestmark = pytest.mark.slow

HEAD = f'<svg xmlns="{SVG_NAMESPACE}" xmlns:xlink="{XLINK_NAMESPACE}" xmlns:h="http://www.w3.org/1999/xhtml">'

NAMES = st.sampled_from(
    ["svg", "g", "a", "use", "text", "tspan", "style", "script", "foreignObject", "animate", "image", "path", "title",
     "h:p", "set", "feImage", "switch", "linearGradient"]
)  # fmt: skip
FRAGMENTS = st.sampled_from(
    ["url(", "http://evil.test/", "#a", ")", "javascript:", "'", '"', "\\", "75", "\\75 rl(", "/*", "*/", "@import",
     "{", "}", ";", ":", "fill", "expression(", " ", "\n", "red", "--x", "data:image/png;base64,AAAA", "[", "]", "<",
     "&", "(", "@media", "é", "\u2028", "!important", "rgb(", ","]
)  # fmt: skip
VALUES = st.lists(FRAGMENTS, max_size=9).map("".join) | st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Z")), max_size=12
)
KEYS = st.sampled_from(
    [
        "href",
        "xlink:href",
        "style",
        "fill",
        "filter",
        "onload",
        "onclick",
        "id",
        "d",
        "class",
        "xml:base",
        "font-family",
    ]
)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


@st.composite
def trees(draw, depth=3):
    name = draw(NAMES)
    attributes = "".join(f' {k}="{escaped(draw(VALUES))}"' for k in draw(st.lists(KEYS, max_size=3, unique=True)))
    children = draw(st.lists(trees(depth - 1), max_size=3)) if depth else []
    return f"<{name}{attributes}>{escaped(draw(VALUES))}{''.join(children)}</{name}>{escaped(draw(VALUES))}"


FORBIDDEN = {"a", "script", "foreignObject", "animate", "set", "iframe", "handler"}
URL = re.compile(r"url\s*\((?!#)", re.IGNORECASE)


def assert_harmless(data):
    """Look at a result with other eyes than those that made it."""
    for element in etree.fromstring(data).iter():
        name = etree.QName(element)
        assert name.namespace == SVG_NAMESPACE
        assert name.localname in ELEMENTS - FORBIDDEN
        css = [element.text or ""] if name.localname == "style" else []
        for key, value in element.attrib.items():
            if key.rpartition("}")[2] == "href":
                assert re.fullmatch(r"#[^\s]+|data:image/(png|jpe?g|gif|webp);base64,[\w+/=]*", value)
            else:
                assert not key.startswith("on")
                assert key in ATTRIBUTES | PROPERTIES | {"style"} or key.endswith(("}space", "}lang"))
            if key in PROPERTIES | {"style"} and key != "d":
                css.append(value)
        for text in css:
            assert not URL.search(text)
            assert "\\" not in text
            assert "/*" not in text
            assert not re.search(r"@(?!media)|expression\(|<", text)


@settings(max_examples=120, deadline=None)
@given(body=trees())
def test_random_trees_come_out_harmless_and_stay_so(body):
    """Whatever goes in, the result holds only allowed names and references, and sanitising it changes nothing."""
    try:
        once = sanitise(f"{HEAD}{body}</svg>".encode())
    except CorruptImage:
        return
    assert_harmless(once)
    assert sanitise(once) == once


@settings(max_examples=300, deadline=None)
@given(css=VALUES | st.lists(FRAGMENTS, max_size=30).map("".join))
def test_random_css_comes_out_harmless_and_stays_so(css):
    """The same for style sheets and style attributes, where most tricks are."""
    for body in (
        f"<style>{escaped(css)}</style>",
        f"<style>a{{fill:{escaped(css)}}}</style>",
        f'<g style="{escaped(css)}"/>',
    ):
        try:
            once = sanitise(f"{HEAD}{body}</svg>".encode())
        except CorruptImage:
            continue
        assert_harmless(once)
        assert sanitise(once) == once


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_random_bytes_raise_nothing_but_our_errors(data):
    """Bytes that are no SVG are refused with an error of ours."""
    for document in (data, b"<svg>" + data + b"</svg>"):
        try:
            sanitise(document)
        except ImgsvcError:
            continue
