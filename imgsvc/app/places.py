"""Where things are kept."""

from pathlib import Path

from imgsvc.settings import Settings, StoreSettings
from imgsvc.store.base import ObjectStore


def make_store(settings: StoreSettings) -> ObjectStore:
    """Make the backend the settings ask for; nothing is opened before its first use."""
    if settings.s3_bucket is None:
        from imgsvc.store.filesystem import FilesystemStore  # noqa: PLC0415 - only one backend is ever loaded

        return FilesystemStore(settings)
    from imgsvc.store.s3 import S3Store  # noqa: PLC0415 - only one backend is ever loaded

    return S3Store(settings)


def spool_directory(settings: Settings) -> Path:
    """Beside the objects of a filesystem store, so that both fill one disk; with S3 in the working directory."""
    if settings.spool.directory is not None:
        return settings.spool.directory
    return Path("var/spool") if settings.store.s3_bucket else settings.store.directory / ".tmp"
