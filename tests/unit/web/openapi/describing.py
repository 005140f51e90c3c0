"""The document of an application that has every route there can be."""

from functools import cache
from typing import Any

from imgsvc.web.openapi.document import OPERATIONS, make_document

ROUTES = [
    (method, operation.path)
    for operation in OPERATIONS
    for method in (("GET", "HEAD") if operation.method == "GET" else (operation.method,))
]


@cache
def document() -> dict[str, Any]:
    """Make it once."""
    return make_document(ROUTES)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Give path, method and operation of all."""
    return [(path, method, each) for path, methods in document()["paths"].items() for method, each in methods.items()]


def resolved(described: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to a component."""
    if "$ref" not in described:
        return described
    _, _, kind, name = described["$ref"].split("/")
    return document()["components"][kind][name]


def references(value: object) -> set[str]:
    """Give all references in a part of the document."""
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()
