"""Every setting of the service: one frozen tree of groups, validated at start."""

from imgsvc.settings.group import SettingsError
from imgsvc.settings.groups import AccessSettings, LimitSettings, OriginSettings, ServerSettings, TransformSettings
from imgsvc.settings.keeping import CacheSettings, SpoolSettings, StoreSettings
from imgsvc.settings.memory import MIB, MemorySettings
from imgsvc.settings.services import LogoSettings, ProxySettings
from imgsvc.settings.tree import Settings, defaults, documented, unknown_names
from imgsvc.settings.values import ConnectTo, RateLimit, TrustedOrigin

__all__ = [
    "MIB",
    "AccessSettings",
    "CacheSettings",
    "ConnectTo",
    "LimitSettings",
    "LogoSettings",
    "MemorySettings",
    "OriginSettings",
    "ProxySettings",
    "RateLimit",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "SpoolSettings",
    "StoreSettings",
    "TransformSettings",
    "TrustedOrigin",
    "defaults",
    "documented",
    "unknown_names",
]
