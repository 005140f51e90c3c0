"""The whole tree: read once from the environment, all faults reported at once."""

import difflib
from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from imgsvc.settings.groups import (
    AccessSettings,
    CacheSettings,
    MemorySettings,
    OriginSettings,
    ServerSettings,
    StoreSettings,
    TransformSettings,
)
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

    server: ServerSettings = ServerSettings()
    access: AccessSettings = AccessSettings()
    origin: OriginSettings = OriginSettings()
    transform: TransformSettings = TransformSettings()
    memory: MemorySettings = MemorySettings()
    cache: CacheSettings = CacheSettings()
    store: StoreSettings = StoreSettings()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """
        Read all groups from texts.

        Raises:
            SettingsError: with every fault there is.
        """
        values = {cls.ALIASES.get(k, k): v for k, v in environ.items() if k in cls.ALIASES} | dict(environ)
        groups: dict[str, Frozen] = {}
        faults: list[str] = []
        for name, group in _groups():
            try:
                groups[name] = group.model_validate(_without_blanks(group, values))
            except ValidationError as error:
                faults += [_fault(e["loc"], e["msg"]) for e in error.errors()]
        if not faults:
            faults = _contradictions(groups)
        if faults:
            raise SettingsError(faults)
        return cls.model_validate(groups)

    def in_force(self) -> Iterator[tuple[str, str]]:
        """Give ``(NAME, value)`` of every setting; secrets as ``***``."""
        for name, _ in _groups():
            group = getattr(self, name)
            for attribute, info in type(group).model_fields.items():
                yield str(info.alias), shown(getattr(group, attribute))


def documented() -> Iterator[tuple[str, type[Frozen], str, FieldInfo]]:
    """Give group name, group, environment name and field of every setting, in order."""
    for name, group in _groups():
        for info in group.model_fields.values():
            yield name, group, str(info.alias), info


def unknown_names(environ: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Give each ``IMGSVC_*`` name that is no setting, with the nearest that is."""
    known = [alias for _, _, alias, _ in documented()]
    for name in sorted(n for n in environ if n.startswith("IMGSVC_") and n not in known):
        yield name, next(iter(difflib.get_close_matches(name, known, n=1)), None)


def _groups() -> Iterator[tuple[str, type[Frozen]]]:
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Frozen):
            yield name, info.annotation


def _without_blanks(group: type[Frozen], values: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is set to nothing: in compose files and unit files that means "the default"."""
    names = {str(info.alias) for info in group.model_fields.values()}
    return {n: v.strip() for n, v in values.items() if n in names and v.strip()}


def _fault(location: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{location[0]}: {text}" if location else text


def _contradictions(groups: Mapping[str, Frozen]) -> list[str]:
    cache = groups["cache"]
    if isinstance(cache, CacheSettings) and cache.min_ttl_seconds > cache.max_ttl_seconds:
        return ["IMGSVC_MIN_TTL: must not be above IMGSVC_MAX_TTL"]
    return []
