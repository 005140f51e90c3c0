"""The table of parameters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.errors import InvalidRequest
from imgsvc.web.parameters import BY_NAME, PARAMETERS
from imgsvc.web.query import Pair
from tests.unit.web.tables import has_bounds, having, is_documented


def test_names_are_unique():
    """No name means two things."""
    names = [name for p in PARAMETERS for name in (p.name, *p.aliases)]
    assert len(names) == len(set(names)) == len(BY_NAME)


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda p: p.name)
def test_documented(parameter):
    """Every parameter has a sentence and a schema that fit its kind."""
    assert is_documented(parameter)


@pytest.mark.parametrize(("parameter", "words"), having("enum", PARAMETERS))
def test_every_word_is_taken(parameter, words):
    """What the schema lists the parser reads."""
    for word in words["enum"]:
        parameter.read(Pair(parameter.name, word))


@pytest.mark.parametrize(("parameter", "number"), having("maximum", PARAMETERS))
def test_bounds_are_those_of_the_schema(parameter, number):
    """Least and most are taken, what lies beyond is not."""
    has_bounds(parameter, number)


@settings(deadline=None)  # the first text of a pattern takes long to be thought of
@given(st.data())
@pytest.mark.parametrize(("parameter", "text"), having("pattern", PARAMETERS))
def test_what_fits_the_pattern_is_taken(parameter, text, data):
    """The schema's pattern allows nothing that the parser does not."""
    value = data.draw(st.from_regex(text["pattern"], fullmatch=True))
    if len(value) <= parameter.max_chars:
        parameter.read(Pair(parameter.name, value.removesuffix("\n")))  # Python's $ allows one


@given(st.sampled_from(PARAMETERS), st.text() | st.from_regex(r"[0-9.:+e-]{0,300}", fullmatch=True))
def test_total(parameter, text):
    """Any text is a value or InvalidRequest with the name it was sent under."""
    refused = None
    try:
        hash(parameter.read(Pair("alias", text)))
    except InvalidRequest as error:
        refused = error
    assert refused is None or (refused.param == "alias" and refused.detail.startswith("alias "))
