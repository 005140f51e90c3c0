"""What is said of one route, before it is said in OpenAPI's words."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from imgsvc.errors import BadSignature, ImgsvcError
from imgsvc.model.formats import CAPABILITIES
from imgsvc.web.parameters import Parameter

JSON = "application/json"
HTML = "text/html"
TEXT = "text/plain"

PICTURE_TYPES = tuple(dict.fromkeys(capabilities.media_type for capabilities in CAPABILITIES.values()))
"""Media types of all pictures that are answered."""

_ANY: Mapping[str, Any] = {}


class Answer(Struct, frozen=True, kw_only=True):
    """
    An answer that is no error.

    Attributes:
        status: of HTTP.
        description: one sentence.
        content: JSON schemas by media type; an empty one says that it is bytes or text.
        headers: names of :data:`imgsvc.web.openapi.headers.RESPONSE_HEADERS`, beside those that every answer has.
    """

    status: int
    description: str
    content: Mapping[str, Mapping[str, Any]]
    headers: tuple[str, ...] = ()


class Operation(Struct, frozen=True, kw_only=True):
    """
    One method of one route.

    Attributes:
        method: GET stands for HEAD too.
        path: as the router names it.
        name: unique among all, in camel case.
        tag: name of the family that it is shown with.
        summary: a few words.
        description: what a reader has to know beside parameters and answers; code between backquotes.
        path_parameters: those in the path.
        query: all it takes.
        request_headers: names of :data:`imgsvc.web.openapi.headers.REQUEST_HEADERS`.
        body: JSON schemas by media type; None = it takes none.
        tries: targets to try it by; ``{picture}`` stands for a source.
        answers: those that are no errors.
        errors: that it can answer, each with all that are derived from it.
        statuses: of errors that the framework answers by itself.
        is_admin: whether it needs the operator's token.
    """

    method: str = "GET"
    path: str
    name: str
    tag: str
    summary: str
    description: str = ""
    path_parameters: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    request_headers: tuple[str, ...] = ()
    body: Mapping[str, Mapping[str, Any]] | None = None
    answers: tuple[Answer, ...]
    errors: tuple[type[ImgsvcError], ...] = ()
    statuses: tuple[int, ...] = ()
    tries: tuple[str, ...] = ()
    is_admin: bool = False

    @property
    def is_signed(self) -> bool:
        """Whether a signature counts."""
        return BadSignature in self.errors

    @property
    def may_refresh(self) -> bool:
        """Whether the operator's token makes a difference."""
        return any(parameter.name == "forceRefresh" for parameter in self.query)


def named(name: str) -> dict[str, Any]:
    """Refer to one of :data:`imgsvc.web.openapi.schemas.ANSWERS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def pictures(*types: str) -> dict[str, Mapping[str, Any]]:
    """Give the content of an answer that is a picture of any of *types*; without, of all there are."""
    return dict.fromkeys(types or PICTURE_TYPES, _ANY)
