"""What the tests of tables of parameters share."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from imgsvc.errors import InvalidRequest
from imgsvc.web.parameters import Parameter
from imgsvc.web.query import Pair


def alternatives(parameter: Parameter) -> list:
    """Give the schemas of which one has to hold."""
    schema = parameter.json_schema()
    return schema.get("anyOf", [schema])


def having(keyword: str, parameters: Iterable[Parameter]) -> list:
    """Give the parameters, each once, with those parts of their schemas that say something by *keyword*."""
    return [
        pytest.param(parameter, part, id=parameter.name)
        for parameter in {id(parameter): parameter for parameter in parameters}.values()
        for part in alternatives(parameter)
        if keyword in part
    ]


def is_documented(parameter: Parameter) -> bool:
    """Tell whether it has a sentence, and a schema that fits its kind."""
    types = {part["type"] for part in alternatives(parameter)}
    return bool(parameter.takes) and parameter.help.endswith(".") and types <= {"string", "integer", "number"}


def has_bounds(parameter: Parameter, number: dict) -> None:
    """See that least and most are taken, and what lies beyond is not."""
    least, most = Decimal(str(number["minimum"])), Decimal(str(number["maximum"]))
    step = Decimal(1) if number["type"] == "integer" else Decimal("0.01")
    for good in (least, most):
        assert Decimal(str(parameter.read(Pair(parameter.name, f"{good.normalize():f}")))) == good
    for bad in (least - step, most + step):
        with pytest.raises(InvalidRequest):
            parameter.read(Pair(parameter.name, f"{bad:f}"))
