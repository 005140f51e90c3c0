"""The tables of the logo routes' parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import InvalidRequest
from imgsvc.web.logos.parameters import CLEARBIT, LOGO, MAX_COMPANY_CHARS, SHAPES, middle_size
from imgsvc.web.query import Pair
from tests.unit.web.tables import has_bounds, having, is_documented

EVERY = [(route, parameter) for route, shape in SHAPES.items() for parameter in shape.parameters]
NAMES = [f"{route} {parameter.name}" for route, parameter in EVERY]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_names_are_unique(shape):
    """On no route a name means two things, and each route says how it is asked whose logo and how large."""
    names = [name for p in shape.parameters for name in (p.name, *p.aliases)]
    assert len(names) == len(set(names)) == len(shape.by_name)
    assert shape.website in shape.by_name or shape is CLEARBIT
    assert shape.size in shape.by_name


@pytest.mark.parametrize("parameter", [p for _, p in EVERY], ids=NAMES)
def test_documented(parameter):
    """Every parameter has a sentence and a schema that fit its kind."""
    assert is_documented(parameter)


@pytest.mark.parametrize(("parameter", "words"), having("enum", [p for _, p in EVERY]))
def test_every_word_is_taken(parameter, words):
    """What the schema lists the parser reads."""
    for word in words["enum"]:
        parameter.read(Pair(parameter.name, word))


@pytest.mark.parametrize(("parameter", "number"), having("maximum", [p for _, p in EVERY]))
def test_bounds_are_those_of_the_schema(parameter, number):
    """Least and most are taken, what lies beyond is not."""
    has_bounds(parameter, number)


@given(st.sampled_from([p for _, p in EVERY]), st.text() | st.from_regex(r"[0-9.:+e-]{0,300}", fullmatch=True))
def test_total(parameter, text):
    """Any text is a value or InvalidRequest with the name it was sent under."""
    refused = None
    try:
        hash(parameter.read(Pair("alias", text)))
    except InvalidRequest as error:
        refused = error
    assert refused is None or (refused.param == "alias" and refused.detail.startswith("alias "))


@pytest.mark.parametrize(
    ("text", "size_px"),
    [("128", 128), ("16..32..64", 32), ("0..16..16", 16), ("1024..1024..5000", 1024), ("032", 32)],
)
def test_of_three_sizes_the_middle_one_counts(text, size_px):
    """The ends only have to be on either side."""
    assert middle_size(text) == size_px


@pytest.mark.parametrize(
    "text",
    ["", "15", "1025", "16..32", "16..32..", "..32..", "16..15..64", "33..32..64", "16..32..31", "16..1025..2000",
     "16..32..64..128", "16.32.64", "a..32..64", "16...32..64", "-1..32..64", "16..３２..64"],
)  # fmt: skip
def test_no_size(text):
    """Anything else is no size."""
    with pytest.raises(ValueError):
        middle_size(text)


def test_companies_have_names_of_some_length():
    """A name of 200 characters is one; what is longer is refused with the limit."""
    company = LOGO.by_name["company"]
    assert company.read(Pair("company", "x" * MAX_COMPANY_CHARS)) == "x" * 200
    with pytest.raises(InvalidRequest, match="company has at most 200 characters"):
        company.read(Pair("company", "x" * 10_000))
