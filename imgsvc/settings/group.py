"""What all groups of settings have in common: they are read from texts, and frozen."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.settings.setting import Setting, setting_of


class SettingsError(Exception):
    """
    The environment does not make sense.

    Attributes:
        faults: one readable line each, beginning with the name of the setting.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Group(Struct, frozen=True, kw_only=True):
    """
    Base of all groups: immutable, and equal to another of the same values.

    Attributes:
        IN_FORCE: for fields that, unset, follow from others: the property that has the value in force.
        EMPTY_IS_OFF: names of settings for which an empty text is a value; all others are unset then.
    """

    IN_FORCE: ClassVar[Mapping[str, str]] = {}
    EMPTY_IS_OFF: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def settings(cls) -> Iterator[Setting]:
        """Give every setting, in order."""
        for attribute, default in zip(cls.__struct_fields__, cls.__struct_defaults__, strict=True):
            yield setting_of(attribute, cls.__annotations__[attribute], default)

    @classmethod
    def from_env(cls, texts: Mapping[str, str]) -> Self:
        """
        Read the group.

        Args:
            texts: by the names of their settings, without spaces around them; other names mean nothing.

        Raises:
            SettingsError: with every fault there is; contradictions only where each value can be read.
        """
        values: dict[str, object] = {}
        faults: list[str] = []
        for setting in cls.settings():
            text = texts.get(setting.name)
            if text or (text is not None and setting.name in cls.EMPTY_IS_OFF):
                try:
                    values[setting.attribute] = setting.read(text)
                except ValueError as error:
                    faults += [f"{setting.name}: {line}" for line in str(error).splitlines()]
        group = replace(cls(), **values)  # of what can be read
        if faults := faults or list(group.contradictions()):
            raise SettingsError(faults)
        return group

    def contradictions(self) -> Iterator[str]:
        """Give a line for each setting that does not go with another one of the group, beginning with its name."""
        yield from ()

    def in_force(self) -> Iterator[tuple[str, object]]:
        """Give the name and the value in force of each setting."""
        for setting in self.settings():
            yield setting.name, getattr(self, self.IN_FORCE.get(setting.attribute, setting.attribute))
