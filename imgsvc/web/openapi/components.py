"""What operations have in common: described once, and referred to."""

from typing import Any

from imgsvc.web.openapi.headers import EVERYWHERE, REQUEST_HEADERS, RESPONSE_HEADERS, Header
from imgsvc.web.openapi.operation import Answer, Operation
from imgsvc.web.openapi.problems import codes_by_status, meanings, response
from imgsvc.web.openapi.schemas import schemas
from imgsvc.web.parameters import EXAMPLE_URL, Parameter

Described = dict[str, dict[str, Any]]


class Components:
    """
    Collects what operations use; one object a document.

    Args:
        picture: URL of a picture that can be asked for, for examples.
    """

    def __init__(self, picture: str) -> None:
        self._picture = picture
        self._parameters: Described = {}
        self._responses: Described = {}
        self._meanings = meanings()

    def described(self) -> dict[str, Any]:
        """Give all that was used, and all headers and schemas."""
        return {
            "schemas": schemas(),
            "parameters": dict(sorted(self._parameters.items())),
            "headers": {name: _header(header) for name, header in RESPONSE_HEADERS.items()},
            "responses": dict(sorted(self._responses.items())),
        }

    def parameters(self, operation: Operation) -> list[dict[str, Any]]:
        """Describe all that an operation takes: of its path, its query and its headers."""
        placed = [
            *(("path", parameter) for parameter in operation.path_parameters),
            *(("query", parameter) for parameter in operation.query),
        ]
        described = [_parameter(place, parameter, self._picture) for place, parameter in placed]
        described += [_request_header(REQUEST_HEADERS[name]) for name in operation.request_headers]
        names = [_once(self._parameters, each, each["name"], operation.name) for each in described]
        return [{"$ref": f"#/components/parameters/{name}"} for name in names]

    def responses(self, operation: Operation, *, is_head: bool) -> dict[str, Any]:
        """Describe all that an operation answers, by status."""
        owner = f"{operation.name}.head" if is_head else operation.name
        names: dict[str, str] = {}
        for answer in operation.answers:
            described = _answer(answer, is_head=is_head)
            names[str(answer.status)] = _once(self._responses, described, f"{answer.status}.{owner}")
        for status, codes in codes_by_status(operation).items():
            described = response(status, codes, self._meanings)
            names.setdefault(str(status), _once(self._responses, described, ".".join((str(status), *codes))))
        return {status: {"$ref": f"#/components/responses/{name}"} for status, name in sorted(names.items())}


def _once(described: Described, value: dict[str, Any], name: str, owner: str = "") -> str:
    """Keep *value* once, and give its name; where another one has that already, *owner* is added to it."""
    for known, other in described.items():
        if other == value:
            return known
    if name in described:
        name = f"{name}.{owner}"
    described[name] = value
    return name


def _parameter(place: str, parameter: Parameter, picture: str) -> dict[str, Any]:
    also = ", ".join(f"`{name}`" for name in parameter.aliases)
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": place,
        "required": parameter.required,
        "description": f"{parameter.help} Takes {parameter.takes}." + (f" Also called {also}." if also else ""),
        "schema": parameter.json_schema(),
    }
    if parameter.aliases:
        described["x-aliases"] = list(parameter.aliases)
    example = picture if parameter.example == EXAMPLE_URL else parameter.example
    return described | ({"example": example} if example else {})


def _request_header(header: Header) -> dict[str, Any]:
    described = {"name": header.name, "in": "header", "description": header.help, "schema": dict(header.schema)}
    return described | ({"example": header.example} if header.example else {})


def _header(header: Header) -> dict[str, Any]:
    return {"description": header.help, "schema": dict(header.schema), "required": header.always}


def _answer(answer: Answer, *, is_head: bool) -> dict[str, Any]:
    names = (*EVERYWHERE, *answer.headers)
    described: dict[str, Any] = {
        "description": answer.description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
    }
    if answer.content and not is_head:
        described["content"] = {
            media_type: {"schema": dict(schema)} if schema else {} for media_type, schema in answer.content.items()
        }
    return described
