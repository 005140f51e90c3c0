"""What a query gives to the parameters of a table."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from imgsvc.errors import InvalidRequest
from imgsvc.web.parameters import Parameter
from imgsvc.web.query import Pair, ignorable


class Given(Struct, frozen=True):
    """
    Parsed values by the parameters' first names.

    Attributes:
        names: under which name each was first sent.
        ignored: names of no parameter, fit for a header.
    """

    values: Mapping[str, Any]
    names: Mapping[str, str]
    ignored: tuple[str, ...]


def collect(pairs: tuple[Pair, ...], parameters: Mapping[str, Parameter]) -> Given:
    """
    Read *pairs* by a table of parameters by all of their names.

    Raises:
        InvalidRequest: one has a bad value, or two that differ; *param* is the name the client used.
    """
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    for pair in pairs:
        if (parameter := parameters.get(pair.name)) is None:
            continue
        value = parameter.read(pair)
        first = names.setdefault(parameter.name, pair.name)
        if values.setdefault(parameter.name, value) != value:
            raise InvalidRequest(f"{first} is given more than once, with different values.", param=first)
    return Given(values, names, ignorable([pair for pair in pairs if pair.name not in parameters]))
