"""Single parsers whose edges the table's tests do not show."""

import pytest

from imgsvc.model.spec import Gravity
from imgsvc.web.values import boolean, gravity, refresh, tags, trim, version


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", True), ("1", True), ("TRUE", True), ("yes", True), ("on", True), ("0", False), ("No", False), ("off", False)],
)
def test_boolean(text, expected):
    """A name alone means yes."""
    assert boolean(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("centre", (Gravity.CENTRE, None)),
        ("center", (Gravity.CENTRE, None)),
        ("southwest", (Gravity.SOUTHWEST, None)),
        ("entropy", (Gravity.ENTROPY, None)),
        ("FP:0:1", (Gravity.FOCUS, (0.0, 1.0))),
        ("fp:.33335:0.333349", (Gravity.FOCUS, (0.3334, 0.3333))),
    ],
)
def test_gravity(text, expected):
    """Words, and points to four decimals."""
    assert gravity(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()), ("a", ("a",)), ("c,b  a", ("a", "b", "c")), ("url:1", ("url:1",)), (", a\n,", ("a",)),
        ("a/b", ("a/b",)),
    ],
)  # fmt: skip
def test_tags(text, words):
    """Words are separated by commas or white space, and come in order."""
    assert tags(text) == words


@pytest.mark.parametrize("text", ["a;b", "a\x00", "é", "a" * 65, " ".join(map(str, range(17)))])
def test_bad_tags(text):
    """Other characters, longer words and more of them are refused."""
    with pytest.raises(ValueError):
        tags(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("", False), ("0", False), ("False", False), ("1", True), ("TRUE", True)]
)
def test_refresh(text, expected):
    """A name alone means no: what a yes asks for is costly."""
    assert refresh(text) is expected
    with pytest.raises(ValueError):
        refresh("yes")


def test_empty_texts():
    """An empty version is none, an empty tolerance the default."""
    assert version("") is None
    assert trim("") == trim("TRUE") == 10
