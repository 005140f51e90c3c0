"""The page that shows the document: all of it, in plain HTML that needs nothing from anywhere."""

from functools import cache

import lxml.html
import pytest

from imgsvc.web.error_map import codes
from imgsvc.web.openapi.markup import element, rich, style_source, type_of, written
from imgsvc.web.openapi.page import CONTENT_SECURITY_POLICY, make_page
from tests.unit.web.openapi.describing import document, operations


@cache
def page() -> lxml.html.HtmlElement:
    """Read it once, as a browser would."""
    return lxml.html.document_fromstring(make_page(document()).decode())


def test_every_operation_is_shown():
    """Each method of each route has a part of its own, with all of its parameters; HEAD is shown with GET."""
    for path, method, operation in operations():
        if method == "head":
            continue
        (part,) = page().xpath(f"//article[@id='{operation['operationId']}']")
        words = part.text_content()
        assert path in words
        assert operation["summary"] in words
        for reference in operation.get("parameters", []):
            parameter = document()["components"]["parameters"][reference["$ref"].rpartition("/")[2]]
            assert parameter["name"] in part.xpath(".//th/code/text()"), (path, parameter["name"])
            assert set(parameter.get("x-aliases", [])) <= set(part.xpath(".//th/small/code/text()"))


def test_every_code_header_and_schema_has_an_anchor():
    """Each problem code, header and schema can be linked to."""
    names = set(page().xpath("//@id"))
    components = document()["components"]

    assert {f"problem-{code}" for _, code in codes()} <= names
    assert {f"header-{name}" for name in components["headers"]} <= names
    assert {f"schema-{name}" for name in components["schemas"]} <= names


def test_anchors_are_unique_and_links_lead_to_them():
    """No anchor is there twice; each link is to one of them, or to a route of this service."""
    names = page().xpath("//@id")
    targets = set(page().xpath("//@href"))

    assert len(names) == len(set(names))
    assert {target[1:] for target in targets if target.startswith("#")} <= set(names)
    assert all(target.startswith(("#", "/")) and not target.startswith("//") for target in targets)


def test_nothing_is_fetched_and_nothing_runs():
    """There is no element that would load or run anything, and no style but the one that the policy names."""
    assert not page().xpath("//script | //link | //img | //iframe | //object | //form | //@style | //@src")
    (style,) = page().xpath("//style/text()")
    assert f"style-src {style_source(style)};" in CONTENT_SECURITY_POLICY
    assert "url(" not in style
    assert "@import" not in style


def test_tables_have_heads_and_captions():
    """Who cannot see a table hears what it is, and what each of its cells belongs to."""
    for table in page().xpath("//table"):
        assert table.xpath("./caption/text()")
        assert table.xpath("./thead/tr/th/@scope") == ["col"] * len(table.xpath("./thead/tr/th"))
        assert all(row.xpath("./th/@scope") == ["row"] for row in table.xpath("./tbody/tr"))


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt; `<i>`"])
def test_text_stays_text(text):
    """Whatever a description holds is shown, and never becomes an element or an attribute."""
    made = document() | {"info": document()["info"] | {"title": text, "description": text}}

    shown = lxml.html.document_fromstring(make_page(made).decode())

    assert not shown.xpath("//script | //img | //i | //@onerror")
    assert text.replace("`", "") in shown.xpath("string(//header)")
    assert text in shown.xpath("string(//title)")


def test_rich_text():
    """What is between backquotes is code."""
    body = element("p", *rich("`a` and `b<c`, no more"), class_="x", aria_label='"y"')

    assert b"<code>a</code> and <code>b&lt;c</code>, no more</p>" in written("t", "", body)
    assert (body.get("class"), body.get("aria-label")) == ("x", '"y"')


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer"}, "integer"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/A"}}, "list of A"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({"type": "string", "enum": ["a", "b"]}, "a b"),
        ({"const": "live", "type": "string"}, "live"),
        ({}, "anything"),
    ],
)
def test_types_in_words(schema, words):
    """A schema is said in words."""
    assert "".join(element("p", *type_of(schema)).itertext()) == words
