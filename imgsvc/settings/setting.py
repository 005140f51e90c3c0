"""How a setting is declared, and how its text becomes a value."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct

from imgsvc.model.secret import Secret

MAX_DIGITS = 4300
"""Of a whole number; beyond, Python refuses to read one: it would take too long."""

_WHOLE = re.compile(r"[+-]?\d+(?:_\d+)*(?:\.0+)?", re.ASCII)
_TRUE = frozenset(("1", "true", "t", "yes", "y", "on"))
_FALSE = frozenset(("0", "false", "f", "no", "n", "off"))


class Env(Struct, frozen=True):
    """
    What a field of a group says of itself, in its annotation.

    Attributes:
        name: of the setting in the environment.
        description: the sentence in ``docs/configuration.md``.
        gt: of numbers: what they are above; None = no such bound.
        ge: their least.
        le: their greatest.
    """

    name: str
    description: str
    gt: int | None = None
    ge: int | None = None
    le: int | None = None

    def check(self, number: float) -> None:
        """
        Hold a number against the bounds.

        Raises:
            ValueError: it lies outside.
        """
        if self.gt is not None and number <= self.gt:
            raise ValueError(f"must be above {self.gt}")
        if self.ge is not None and number < self.ge:
            raise ValueError(f"must be at least {self.ge}")
        if self.le is not None and number > self.le:
            raise ValueError(f"must be at most {self.le}")


class ReadBy(Struct, frozen=True):
    """
    What a kind of values says of itself, in its annotation.

    Attributes:
        read: makes a value of a text that has no spaces around it; raises ValueError with what is wrong.
    """

    read: Callable[[str], object]


class Setting(Struct, frozen=True):
    """
    A field of a group.

    Attributes:
        attribute: its name there.
        kind: type of its values, apart from None.
        env: name, sentence and bounds.
        default: what it is while it is unset.
        reader: of its kind; None = of its type.
    """

    attribute: str
    kind: Any
    env: Env
    default: object
    reader: ReadBy | None

    @property
    def name(self) -> str:
        """As the environment has it."""
        return self.env.name

    @property
    def is_secret(self) -> bool:
        """Whether its values are shown as stars."""
        return self.kind is Secret or Secret in get_args(self.kind)

    def read(self, text: str) -> object:
        """
        Make a value of *text*.

        Raises:
            ValueError: it makes none; says what it should be, in one line or more.
        """
        value = self.reader.read(text) if self.reader else _read(self.kind, text)
        if self.kind in (int, float):
            self.env.check(value)  # type: ignore[arg-type] # a number, as its kind says
        return value


def setting_of(attribute: str, annotation: Any, default: object) -> Setting:
    """Take a field's annotation apart: ``Annotated[type, ...]``, with an Env and perhaps a ReadBy."""
    said = {type(each): each for each in annotation.__metadata__}
    wanted = annotation.__origin__
    known = [each for each in get_args(wanted) if each is not NoneType]
    kind = known[0] if len(known) == 1 and get_origin(wanted) is not Literal else wanted
    return Setting(attribute, kind, said[Env], default, said.get(ReadBy))


def _read(kind: Any, text: str) -> object:
    """Read a value of a type that needs no reader of its own."""
    if get_origin(kind) is Literal:
        return _choice(text, get_args(kind))
    return _READERS[kind](text)


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
    return text


def _switch(text: str) -> bool:
    """Read what people write for yes and no, in any case."""
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("must be 1 or 0 (or true/false, yes/no, on/off)")
    return text.lower() in _TRUE


def _whole(text: str) -> int:
    """Read digits, also with underscores between them or zeros behind a point."""
    if not _WHOLE.fullmatch(text):
        raise ValueError("must be a whole number, in digits alone")
    if len(text) > MAX_DIGITS:
        raise ValueError(f"must have {MAX_DIGITS} digits at most")
    return int(text.partition(".")[0])


def _number(text: str) -> float:
    """Read a number of finite size: a time-out of ``inf`` is a bound that is none."""
    try:
        number = float(text) if text.isascii() else None  # other scripts have digits, too
    except ValueError:
        number = None
    if number is None:
        raise ValueError("must be a number, such as 2.5")
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


_READERS: dict[type, Callable[[str], object]] = {
    bool: _switch, int: _whole, float: _number, str: str, Path: Path, Secret: Secret,
}  # fmt: skip
