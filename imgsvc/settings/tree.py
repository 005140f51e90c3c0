"""The whole tree: read once from the environment, all faults reported at once."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.settings.group import Group, SettingsError
from imgsvc.settings.groups import AccessSettings, LimitSettings, OriginSettings, ServerSettings, TransformSettings
from imgsvc.settings.keeping import CacheSettings, SpoolSettings, StoreSettings
from imgsvc.settings.memory import MemorySettings
from imgsvc.settings.services import LogoSettings, ProxySettings
from imgsvc.settings.setting import Setting
from imgsvc.settings.values import shown


class Settings(Struct, frozen=True, kw_only=True):
    """All groups."""

    ALIASES: ClassVar[dict[str, str]] = {"S3_SERVER_URL": "S3_ENDPOINT_URL"}
    EMPTY_IS_OFF: ClassVar[frozenset[str]] = LogoSettings.EMPTY_IS_OFF

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
        texts = cls.said(environ)
        groups: dict[str, Group] = {}
        faults: list[str] = []
        for name, group in _groups():
            try:
                groups[name] = group.from_env(texts)
            except SettingsError as error:
                faults += error.faults
        if faults:
            raise SettingsError(faults)
        return replace(cls(), **groups)

    @classmethod
    def merged(cls, below: Mapping[str, str], above: Mapping[str, str]) -> dict[str, str]:
        """Give both; what *above* says of a setting goes before what *below* does, by whichever of its names."""
        hidden = {cls.ALIASES.get(name, name) for name, text in above.items() if text.strip()}
        return {name: text for name, text in below.items() if cls.ALIASES.get(name, name) not in hidden} | dict(above)

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
            group: Group = getattr(self, name)
            yield from ((setting, shown(value)) for setting, value in group.in_force())


def documented() -> Iterator[tuple[str, type[Group], Setting]]:
    """Give group name, group and field of every setting, in order."""
    for name, group in _groups():
        yield from ((name, group, setting) for setting in group.settings())


def defaults() -> dict[str, str]:
    """Give what each setting is while it is unset, by name; empty where that follows from others."""
    return {setting.name: shown(setting.default) for *_, setting in documented()}


def unknown_names(environ: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Give each ``IMGSVC_*`` name that is no setting, with the nearest that is."""
    known = [setting.name for *_, setting in documented()]
    for name in sorted(n for n in environ if n.startswith("IMGSVC_") and n not in known):
        from difflib import get_close_matches  # noqa: PLC0415 - a start that is right does without

        yield name, next(iter(get_close_matches(name, known, n=1)), None)


def _groups() -> Iterator[tuple[str, type[Group]]]:
    for name in Settings.__struct_fields__:
        yield name, Settings.__annotations__[name]
