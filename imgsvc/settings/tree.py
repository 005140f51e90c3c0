"""The whole tree: read once from the environment, all faults reported at once."""

import difflib
from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from imgsvc.settings.groups import (
    AccessSettings,
    CacheSettings,
    LimitSettings,
    OriginSettings,
    ServerSettings,
    SpoolSettings,
    StoreSettings,
    TransformSettings,
)
from imgsvc.settings.memory import MemorySettings
from imgsvc.settings.services import LogoSettings, ProxySettings
from imgsvc.settings.values import Frozen, shown


class SettingsError(Exception):
    """
    The environment does not make sense.

    Attributes:
        faults: one readable line each, beginning with the name of the setting.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Settings(Frozen):
    """All groups."""

    ALIASES: ClassVar[dict[str, str]] = {"S3_SERVER_URL": "S3_ENDPOINT_URL"}
    EMPTY_IS_OFF: ClassVar[frozenset[str]] = frozenset(("IMGSVC_LOGO_GOOGLE_URL", "IMGSVC_LOGO_DUCKDUCKGO_URL"))

    server: ServerSettings = ServerSettings()
    access: AccessSettings = AccessSettings()
    limits: LimitSettings = LimitSettings()
    origin: OriginSettings = OriginSettings()
    transform: TransformSettings = TransformSettings()
    memory: MemorySettings = MemorySettings()
    cache: CacheSettings = CacheSettings()
    store: StoreSettings = StoreSettings()
    spool: SpoolSettings = SpoolSettings()
    logos: LogoSettings = LogoSettings()
    proxies: ProxySettings = ProxySettings()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """
        Read all groups from texts.

        Raises:
            SettingsError: with every fault there is; a contradiction between settings of one group shows once each
                value of the group can be read, for against a wrong one it would mean nothing.
        """
        values = cls.said(environ)
        groups: dict[str, Frozen] = {}
        faults: list[str] = []
        for name, group in _groups():
            try:
                groups[name] = group.model_validate(values)
            except ValidationError as error:
                faults += [line for e in error.errors() for line in _faults(e["loc"], e["msg"])]
        if faults:
            raise SettingsError(faults)
        return cls.model_validate(groups)

    @classmethod
    def said(cls, environ: Mapping[str, str]) -> dict[str, str]:
        """Give the texts among *environ* that mean something, by the names of their settings."""
        stripped = {name: text.strip() for name, text in environ.items()}
        # Set to nothing means unset, in compose files and unit files; so a blank name never hides its alias.
        said = {name: text for name, text in stripped.items() if text or name in cls.EMPTY_IS_OFF}
        return {cls.ALIASES[name]: text for name, text in said.items() if name in cls.ALIASES} | said

    def in_force(self) -> Iterator[tuple[str, str]]:
        """Give ``(NAME, value)`` of every setting; secrets as ``***``."""
        for name, _ in _groups():
            group = getattr(self, name)
            for attribute, info in type(group).model_fields.items():
                yield str(info.alias), shown(getattr(group, group.IN_FORCE.get(attribute, attribute)))


def documented() -> Iterator[tuple[str, type[Frozen], str, FieldInfo]]:
    """Give group name, group, environment name and field of every setting, in order."""
    for name, group in _groups():
        for info in group.model_fields.values():
            yield name, group, str(info.alias), info


def defaults() -> dict[str, str]:
    """Give what each setting is while it is unset, by name; empty where that follows from others."""
    return {alias: shown(info.get_default()) for _, _, alias, info in documented()}


def unknown_names(environ: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Give each ``IMGSVC_*`` name that is no setting, with the nearest that is."""
    known = [alias for _, _, alias, _ in documented()]
    for name in sorted(n for n in environ if n.startswith("IMGSVC_") and n not in known):
        yield name, next(iter(difflib.get_close_matches(name, known, n=1)), None)


def _groups() -> Iterator[tuple[str, type[Frozen]]]:
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Frozen):
            yield name, info.annotation


def _faults(location: tuple[int | str, ...], message: str) -> list[str]:
    """Write one line for each fault; one that concerns several settings names them itself."""
    lines = message.removeprefix("Value error, ").splitlines()
    return [f"{location[0]}: {line}" for line in lines] if location else lines
