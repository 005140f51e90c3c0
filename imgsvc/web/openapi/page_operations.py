"""One route on the page: what it takes, what it answers, what can go wrong, and links to try it by."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from lxml import etree

from imgsvc.web.openapi.markup import Node, element, folded, link, rich, row, separated, table, type_of


class Reader:
    """Reads an OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def operations(self, tag: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Give path, method and operation of all of a family; HEAD goes with GET."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if tag in operation["tags"] and method != "head":
                    yield path, method, operation

    def resolved(self, described: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference to a component."""
        reference = described.get("$ref")
        if reference is None:
            return described
        _, _, kind, name = reference.split("/", 3)
        found: dict[str, Any] = self.document["components"][kind][name]
        return found

    def has_head(self, path: str) -> bool:
        """Whether a route answers HEAD."""
        return "head" in self.document["paths"][path]


def show_operation(reader: Reader, path: str, method: str, operation: dict[str, Any]) -> etree._Element:
    """Show one operation."""
    name = operation["operationId"]
    methods = [method, "head"] if method == "get" and reader.has_head(path) else [method]
    badges = separated((element("span", each.upper(), class_=f"method {each}") for each in methods), " ")
    head = element(
        "h3", *badges, " ", element("code", path), " ",
        link("#", f"#{name}", class_="anchor", aria_label=f"Link to {method.upper()} {path}"),
    )  # fmt: skip
    shown: list[Node] = [head, element("p", element("strong", operation["summary"]), ".")]
    if "description" in operation:
        shown.append(element("p", *rich(operation["description"])))
    shown += [*_tries(operation), *_needs(operation), *_parameters(reader, operation), *_body(operation)]
    return element("article", *shown, *_answers(reader, operation), id=name)


def _tries(operation: dict[str, Any]) -> Iterator[Node]:
    if tries := operation.get("x-try"):
        links = [element("li", link(element("code", path), path)) for path in tries]
        yield element("div", element("span", "Try", class_="label"), element("ul", *links), class_="try")


def _needs(operation: dict[str, Any]) -> Iterator[Node]:
    if operation.get("security") == [{"adminToken": []}]:
        yield element("p", *rich("Needs `Authorization: Bearer` with the operator's token."), class_="needs")


def _parameters(reader: Reader, operation: dict[str, Any]) -> Iterator[Node]:
    """Show what is asked by; headers are folded, for most clients send them by themselves."""
    every = [reader.resolved(each) for each in operation.get("parameters", ())]
    asked = [_parameter(each) for each in every if each["in"] != "header"]
    headers = [
        row([element("code", each["name"])], rich(each["description"])) for each in every if each["in"] == "header"
    ]
    if asked:
        yield table(("parameter", "meaning"), asked, "Parameters")
    if headers:
        yield folded(f"Request headers ({len(headers)})", table(("header", "meaning"), headers, "Request headers"))


def _parameter(parameter: dict[str, Any]) -> etree._Element:
    name: list[Node] = [element("code", parameter["name"])]
    marks = [*(["path"] if parameter["in"] == "path" else []), *(["required"] if parameter["required"] else [])]
    name += [element("span", mark, class_="mark") for mark in marks]
    aliases = parameter.get("x-aliases", ())
    if aliases:
        also = separated((element("code", alias) for alias in aliases), " ")
        name.append(element("small", "also ", *also))
    text, _, takes = parameter["description"].partition(" Also called ")[0].partition(" Takes ")
    said: list[Node] = [*rich(text), element("small", "Takes ", *rich(takes))]
    return row(name, said)


def _body(operation: dict[str, Any]) -> Iterator[Node]:
    for media_type, described in operation.get("requestBody", {}).get("content", {}).items():
        schema = described["schema"]
        members = [
            row([element("code", name)], type_of(part), rich(part.get("description", "")))
            for name, part in schema["properties"].items()
        ]
        yield element("h4", "Body: ", element("code", media_type))
        yield table(("member", "type", "meaning"), members, f"Body as {media_type}")


def _answers(reader: Reader, operation: dict[str, Any]) -> Iterator[Node]:
    every = {int(status): reader.resolved(each) for status, each in operation["responses"].items()}
    good = {status: each for status, each in every.items() if not _is_problem(each)}
    rows = [row([_status(status)], rich(each["description"]), _content(each)) for status, each in good.items()]
    problems = [row([_status(status)], _codes(each)) for status, each in every.items() if _is_problem(each)]
    yield element("h4", "Answers")
    yield table(("status", "meaning", "content"), rows, "Answers")
    names = list(dict.fromkeys(name for each in good.values() for name in each["headers"]))
    links = [element("li", link(element("code", name), f"#header-{name}")) for name in names]
    yield folded(f"Headers of answers ({len(names)})", element("ul", *links, class_="chips"))
    yield folded(f"Problems ({len(problems)})", table(("status", "codes"), problems, "Problems"))


def _is_problem(answer: dict[str, Any]) -> bool:
    return "application/problem+json" in answer.get("content", {})


def _status(status: int) -> Node:
    return element("span", element("code", str(status)), " ", HTTPStatus(status).phrase)


def _content(answer: dict[str, Any]) -> list[Node]:
    """Name media types; pictures together, and of JSON what it holds."""
    shown: list[Node] = []
    for media_type, described in answer.get("content", {}).items():
        node: list[Node] = [element("code", media_type)]
        if "schema" in described and described["schema"] != {"type": "object"}:
            node += [": ", *type_of(described["schema"])]
        shown.append(element("li", *node))
    return [element("ul", *shown, class_="types")] if shown else ["no body"]


def _codes(answer: dict[str, Any]) -> list[Node]:
    codes = answer["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    return separated((link(element("code", code), f"#problem-{code}") for code in codes), " ")
