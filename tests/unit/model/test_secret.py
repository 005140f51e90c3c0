"""A text that is shown nowhere."""

import msgspec
import pytest

from imgsvc.model.secret import Secret

SUBJECT = Secret("hunter2")


def test_shown_as_stars():
    """Whatever makes a text of it, alone or inside something else, has stars."""
    texts = (repr(SUBJECT), str(SUBJECT), f"{SUBJECT}", "%s %r" % (SUBJECT, SUBJECT), repr([SUBJECT]))  # noqa: UP031 - logging does so

    assert texts == ("***", "***", "***", "*** ***", "[***]")


def test_revealed_to_who_asks():
    """It is there for whoever asks for it by name."""
    assert SUBJECT.reveal() == "hunter2"


def test_equality():
    """Two of the same text are the same, and no text is one."""
    same, other = Secret("hunter2"), Secret("hunter3")

    assert (same == SUBJECT, other == SUBJECT, SUBJECT == "hunter2") == (True, False, False)
    assert len({SUBJECT, same, other}) == 2


def test_never_json():
    """What writes values down refuses it, rather than write its text."""
    with pytest.raises(TypeError):
        msgspec.json.encode({"token": SUBJECT})
    assert not hasattr(SUBJECT, "__dict__")
