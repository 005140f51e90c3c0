"""One text, one value: every spelling that is taken, and what is said of the others."""

import math
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.secret import Secret
from imgsvc.settings import Settings, SettingsError, documented
from imgsvc.settings.setting import MAX_DIGITS, Env, ReadBy, Setting, setting_of
from imgsvc.settings.values import shown

ENV = Env("NAME", "A sentence.")
NO_NUMBER = ("+ 5", "1__0", "_1", "1_", "0x10", "0b1", "1,000", "50MB", "x", "null", "true", "--1", "5 5", "- 5", "+",
    "-", ".", "²", "１２", "٣", "5\x00", "1d", "1e", "e1", "0x1p3")  # fmt: skip

ODD = ("", "x", "-1", "0", "1", "1e999", "nan", "a=b:c", "\udc80", "\x00", "[", "*", "a.test,", "null", "http://[")


def of(annotation: object, env: Env = ENV) -> Setting:
    return setting_of("field", Annotated[annotation, env], None)


def fault_of(setting: Setting, text: str) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        setting.read(text)
    return str(caught.value)


class TestSwitches:
    """Yes and no."""

    @pytest.mark.parametrize("text", ["1", "true", "TRUE", "True", "t", "T", "yes", "Yes", "y", "Y", "on", "On", "ON"])
    def test_on(self, text):
        """What people write for yes is yes."""
        assert of(bool).read(text) is True

    @pytest.mark.parametrize("text", ["0", "false", "FALSE", "f", "F", "no", "NO", "n", "N", "off", "Off"])
    def test_off(self, text):
        """What people write for no is no."""
        assert of(bool).read(text) is False

    @pytest.mark.parametrize("text", ["2", "-1", "01", "1.0", "null", "tru", "tru\u0435", "1 0", "enable", "ye", ""])
    def test_neither(self, text):
        """Anything else is no answer."""
        assert fault_of(of(bool), text) == "must be 1 or 0 (or true/false, yes/no, on/off)"


class TestWholeNumbers:
    """Integers."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0", 0), ("-0", 0), ("+5", 5), ("-1", -1), ("007", 7), ("1_000", 1000), ("1.0", 1), ("1_0.00", 10),
            ("-0.0", 0), ("9" * 300, int("9" * 300)),
        ],
    )  # fmt: skip
    def test_read(self, text, value):
        """Signs, zeros in front and behind a point, and underscores between digits."""
        read = of(int).read(text)

        assert (read, type(read)) == (value, int)

    @pytest.mark.parametrize("text", [*NO_NUMBER, "1.", "1.5", "1e3", "inf", "nan", "1.0_0"])
    def test_not_read(self, text):
        """Parts of a whole, exponents, units and other scripts' digits."""
        assert fault_of(of(int), text) == "must be a whole number, in digits alone"

    def test_too_long(self):
        """What Python would refuse to read is told from what is no number."""
        assert of(int).read("9" * MAX_DIGITS)
        assert fault_of(of(int), "9" * (MAX_DIGITS + 1)) == f"must have {MAX_DIGITS} digits at most"

    @given(st.integers())
    def test_every_one(self, number):
        """Each integer is read as Python writes it."""
        assert of(int).read(str(number)) == number


class TestNumbers:
    """Floats."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0", 0.0), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("1E-3", 0.001), ("1_000.5", 1000.5), ("+5", 5.0),
            ("1e-400", 0.0), ("007", 7.0),
        ],
    )  # fmt: skip
    def test_read(self, text, value):
        """As Python's own, in ASCII."""
        read = of(float).read(text)

        assert (read, type(read)) == (value, float)

    @pytest.mark.parametrize("text", NO_NUMBER)
    def test_not_read(self, text):
        """Anything else is told what it should look like."""
        assert fault_of(of(float), text) == "must be a number, such as 2.5"

    @pytest.mark.parametrize("text", ["inf", "-inf", "Infinity", "nan", "-NaN", "1e400", "-1e400", "9" * 400])
    def test_not_finite(self, text):
        """A bound that is none is none."""
        assert fault_of(of(float), text) == "must be a finite number"

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_every_one(self, number):
        """Each finite float is read as Python writes it."""
        assert of(float).read(repr(number)) == number


class TestBounds:
    """Least and greatest."""

    @pytest.mark.parametrize("kind", [int, float])
    @pytest.mark.parametrize(
        ("bounds", "text", "fault"),
        [
            ({"gt": 0}, "0", "must be above 0"), ({"gt": 0}, "-0", "must be above 0"), ({"gt": 0}, "1", None),
            ({"ge": 1}, "0", "must be at least 1"), ({"ge": 1}, "1", None),
            ({"ge": 0, "le": 6}, "7", "must be at most 6"), ({"ge": 0, "le": 6}, "-1", "must be at least 0"),
            ({"ge": 0, "le": 6}, "6", None),
        ],
    )  # fmt: skip
    def test_held(self, kind, bounds, text, fault):
        """Said in words, the bound included."""
        setting = of(kind | None, Env("NAME", "A sentence.", **bounds))

        assert (fault_of(setting, text) if fault else setting.read(text)) == (fault or kind(text))

    def test_switches_are_no_numbers(self):
        """Bounds are for numbers."""
        assert of(bool, Env("NAME", "A sentence.", gt=5)).read("1") is True


class TestKinds:
    """What a field's annotation says."""

    @pytest.mark.parametrize(
        ("annotation", "kind", "is_secret"),
        [
            (int, int, False), (int | None, int, False), (Secret | None, Secret, True),
            (tuple[Secret, ...], tuple[Secret, ...], True), (Path | None, Path, False),
            (Literal["a", "b"], Literal["a", "b"], False), (Literal["a"], Literal["a"], False),
        ],
    )  # fmt: skip
    def test_taken_apart(self, annotation, kind, is_secret):
        """None is no kind of its own; whatever holds a secret is one."""
        setting = of(annotation)

        assert (setting.kind, setting.is_secret, setting.name) == (kind, is_secret, "NAME")

    def test_a_kind_with_a_reader(self):
        """A kind that says how it is read is read so."""
        assert of(Annotated[tuple[int, ...], ReadBy(lambda text: (len(text),))]).read("abc") == (3,)

    def test_texts(self):
        """Texts, paths and secrets are taken as they are; null is a word like others."""
        assert of(str | None).read("null") == "null"
        assert of(Path | None).read("a b/../c") == Path("a b/../c")
        assert of(Secret).read("null").reveal() == "null"

    @pytest.mark.parametrize("text", ["Bytes", "", "push", "bytes,redirect"])
    def test_words(self, text):
        """One of some words, as they are written."""
        assert fault_of(of(Literal["bytes", "redirect", "both"]), text) == "must be bytes, redirect or both"
        assert fault_of(of(Literal["a", "b"]), text) == "must be a or b"


@pytest.mark.parametrize("setting", [each for *_, each in documented()], ids=lambda each: each.name)
class TestEverySetting:
    """All that there are."""

    def test_a_default_is_a_value(self, setting):
        """What it is while it is unset could be written, and is read as itself."""
        if text := shown(setting.default):
            read = setting.read(text)
            assert (read, shown(read)) == (setting.default, text)

    def test_numbers_are_finite(self, setting):
        """No number of ours is endless."""
        if setting.kind in (int, float) and setting.default is not None:
            assert math.isfinite(setting.default)
            setting.env.check(setting.default)


@pytest.mark.parametrize("text", ODD)
def test_what_is_odd(text):
    """It is a value of a setting, or a fault of that setting in one line, and never an error of another kind."""
    for *_, setting in documented():
        try:
            setting.read(text)
        except ValueError as error:
            said = str(error)
        else:
            said = "a value"
        assert re.fullmatch(r"\S.*", said), setting.name


@given(st.sampled_from([setting for *_, setting in documented()]), st.text())
def test_whatever_is_written(setting, text):
    """It is in force, or refused by a line that begins with the setting's name."""
    try:
        in_force = dict(Settings.from_env({setting.name: text}).in_force())
    except SettingsError as error:
        names = {setting.name, "MEMORY_WARNING_THRESHOLD", "IMGSVC_MIN_TTL"}  # the latter may contradict another
        said = {fault.partition(":")[0] for fault in error.faults} or {"nothing"}
        names_only = said <= names
    else:
        names_only = setting.name in in_force
    assert names_only
