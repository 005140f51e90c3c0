"""Every setting of the service: one frozen tree of groups, validated at start."""

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
from imgsvc.settings.memory import MIB, MemorySettings
from imgsvc.settings.services import LogoSettings, ProxySettings
from imgsvc.settings.tree import Settings, SettingsError, defaults, documented, unknown_names
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
