"""What a query gives to a table of parameters."""

import pytest

from imgsvc.errors import InvalidRequest
from imgsvc.web import values
from imgsvc.web.given import collect
from imgsvc.web.parameters import Parameter, by_name
from imgsvc.web.query import decode_query

TABLE = by_name([Parameter("w", values.whole(1, 9), "a digit", "Width.", ("width", "wide"))])


def test_by_whatever_name():
    """Values are found under the first name, with the one that was sent, and what is no parameter is named."""
    given = collect(decode_query("wide=3&x=1&w=03&y"), TABLE)

    assert (given.values, given.names, given.ignored) == ({"w": 3}, {"w": "wide"}, ("x", "y"))


@pytest.mark.parametrize(
    ("query", "param", "detail"),
    [
        ("width=0", "width", "width takes a digit."),
        ("wide=1&w=2", "wide", "wide is given more than once, with different values."),
        ("w=1&width=x", "width", "width takes a digit."),
    ],
)
def test_refused(query, param, detail):
    """A bad value is at fault by the name it was sent under, two that differ by the first of their names."""
    with pytest.raises(InvalidRequest) as caught:
        collect(decode_query(query), TABLE)

    assert (caught.value.param, caught.value.detail) == (param, detail)
