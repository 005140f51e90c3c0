"""The page that shows the document: plain HTML, made here, which fetches nothing and runs nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from imgsvc.web.openapi.markup import element, link, rich, row, style_source, table, type_of, written
from imgsvc.web.openapi.page_operations import Reader, show_operation
from imgsvc.web.openapi.problems import meanings

_STYLE = (Path(__file__).parent / "page.css").read_text()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src {style_source(_STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's one style, and nothing else."""

_PARTS = (("problems", "Problems"), ("headers", "Headers"), ("schemas", "Schemas"))


def make_page(document: dict[str, Any]) -> bytes:
    """Make the page of an OpenAPI document, as UTF-8."""
    info = document["info"]
    reader = Reader(document)
    top = element(
        "header", element("h1", info["title"], " ", element("small", info["version"])),
        element("p", info["summary"], "."), element("p", *rich(info["description"])),
        element("p", link("OpenAPI document", "/openapi.json"), " · ", link("Console", "/"), class_="links"),
    )  # fmt: skip
    main = element("main", top, *_families(reader), _problems(), _headers(reader), _schemas(reader), id="main")
    skip = link("Skip to the routes", "#main", class_="skip")
    return written(f"{info['title']}: routes", _STYLE, skip, element("div", _menu(reader), main, class_="page"))


def _families(reader: Reader) -> Iterator[etree._Element]:
    for tag in reader.document["tags"]:
        name = tag["name"]
        operations = [show_operation(reader, *each) for each in reader.operations(name)]
        head = element("h2", name, id=_anchor(name))
        yield element("section", head, element("p", *rich(tag["description"])), *operations)


def _menu(reader: Reader) -> etree._Element:
    families = [
        element(
            "li", link(tag["name"], f"#{_anchor(tag['name'])}"),
            element("ul", *(_entry(*each) for each in reader.operations(tag["name"]))),
        )
        for tag in reader.document["tags"]
    ]  # fmt: skip
    parts = [element("li", link(text, f"#{anchor}")) for anchor, text in _PARTS]
    return element("nav", element("ul", *families, *parts), aria_label="Routes")


def _entry(path: str, method: str, operation: dict[str, Any]) -> etree._Element:
    target = f"#{operation['operationId']}"
    return element(
        "li", element("a", element("span", method.upper(), class_=f"method {method}"), " ", path, href=target)
    )


def _problems() -> etree._Element:
    rows = [
        row([element("code", code)], [str(status)], rich(text), anchor=f"problem-{code}")
        for (status, code), text in meanings().items()
    ]
    about = rich("Every error is `application/problem+json`; `code` is stable, and says what `status` alone does not.")
    shown = table(("code", "status", "meaning"), rows, "Problem codes")
    return element("section", element("h2", "Problems", id="problems"), element("p", *about), shown)


def _headers(reader: Reader) -> etree._Element:
    rows = [
        row([element("code", name)], rich(header["description"]), type_of(header["schema"]), anchor=f"header-{name}")
        for name, header in reader.document["components"]["headers"].items()
    ]
    shown = table(("header", "meaning", "value"), rows, "Headers of answers")
    return element("section", element("h2", "Headers", id="headers"), shown)


def _schemas(reader: Reader) -> etree._Element:
    shown = [_schema(name, schema) for name, schema in reader.document["components"]["schemas"].items()]
    return element("section", element("h2", "Schemas", id="schemas"), *shown)


def _schema(name: str, schema: dict[str, Any]) -> etree._Element:
    members = [
        row([element("code", member)], type_of(part), rich(part.get("description", "")))
        for member, part in schema.get("properties", {}).items()
    ]
    shown = table(("member", "type", "meaning"), members, f"Members of {name}") if members else _values(schema)
    about = element("p", *rich(schema.get("description", "")))
    return element("article", element("h3", name), about, shown, id=f"schema-{name}")


def _values(schema: dict[str, Any]) -> etree._Element:
    return element("p", "One of ", *type_of(schema), ".")


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
