"""The table of parameters."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import InvalidRequest
from imgsvc.web.parameters import BY_NAME, PARAMETERS
from imgsvc.web.query import Pair


def test_names_are_unique():
    """No name means two things."""
    names = [name for p in PARAMETERS for name in (p.name, *p.aliases)]
    assert len(names) == len(set(names)) == len(BY_NAME)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda p: p.name)
def test_documented(parameter):
    """Every parameter has a sentence and a schema that fit its kind."""
    assert parameter.help.endswith(".")
    assert parameter.takes
    assert parameter.schema["type"] in {"string", "integer", "number", "boolean"}


@pytest.mark.parametrize("parameter", [p for p in PARAMETERS if "enum" in p.schema], ids=lambda p: p.name)
def test_every_word_is_taken(parameter):
    """What the schema lists the parser reads."""
    for word in parameter.schema["enum"]:
        parameter.read(Pair(parameter.name, word))


@pytest.mark.parametrize("parameter", [p for p in PARAMETERS if "maximum" in p.schema], ids=lambda p: p.name)
def test_bounds_are_those_of_the_schema(parameter):
    """Least and most are taken, what lies beyond is not."""
    least, most = Decimal(str(parameter.schema["minimum"])), Decimal(str(parameter.schema["maximum"]))
    step = Decimal(1) if parameter.schema["type"] == "integer" else Decimal("0.01")
    for good in (least, most):
        assert Decimal(str(parameter.read(Pair(parameter.name, f"{good.normalize():f}")))) == good
    for bad in (least - step, most + step):
        with pytest.raises(InvalidRequest):
            parameter.read(Pair(parameter.name, f"{bad:f}"))


@given(st.sampled_from(PARAMETERS), st.text() | st.from_regex(r"[0-9.:+e-]{0,300}", fullmatch=True))
def test_total(parameter, text):
    """Any text is a value or InvalidRequest with the name it was sent under."""
    refused = None
    try:
        hash(parameter.read(Pair("alias", text)))
    except InvalidRequest as error:
        refused = error
    assert refused is None or (refused.param == "alias" and refused.detail.startswith("alias "))
