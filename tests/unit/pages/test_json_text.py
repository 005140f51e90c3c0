"""JSON as it is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.pages.json_text import read_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1]}', {"a": [1]}), ('{"a": "x\ny"}', {"a": "x\ny"}), ("[1,2,]", [1, 2]), ('{"a": ",}"}', {"a": ",}"}),
        ('//<![CDATA[\n{"a": 1}\n//]]>', {"a": 1}), ("<!-- [1] -->", [1]), ("/* <![CDATA[ */[1]/* ]]> */", [1]),
        ("[1];", [1]),
        ("", None), ("null", None), ("x", None), ("{", None), ("]", None), ("[" * 50_000, None),
        ("[" * 50_000 + "]" * 50_000, None),
        ("9" * 5000, None), ("{" + " " * 60_000 + "x", None), ("," * 60_000, None),
    ],
)  # fmt: skip
def test_read(text, value):
    """JSON is read, with what is often around it; what is none is None."""
    assert read_json(text) == value


@settings(deadline=None, derandomize=True)
@given(st.text() | st.text(alphabet='{}[],:"/* <!-CDAT>\\u1'))
def test_never_raises(text):
    """Any text is a value or none."""
    read_json(text)
