"""The settings of what is kept: for how long, and where."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from imgsvc.model.hosts import is_address
from imgsvc.model.secret import Secret
from imgsvc.settings.group import Group
from imgsvc.settings.memory import MIB
from imgsvc.settings.services import OptionalRedisUrl, read_base_url
from imgsvc.settings.setting import Env, ReadBy

MAX_TTL_SECONDS = 100 * 31536000
"""The longest lifetime that can be set; as good as for ever."""

# What botocore lets pass, which is more than any server takes; of an ARN it looks at more itself.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}|arn:[^\s]+")
_ENDPOINT_HOST = re.compile(r"[A-Za-z0-9.-]+")
# A label of a host name, as in botocore: letters, digits and inner hyphens, not digits alone.
_REGION = re.compile(r"(?![0-9]+\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


def _bucket(text: str) -> str:
    """Let only texts pass that a bucket can be called; a URL, or a folder in a bucket, would fail at its first use."""
    if not _BUCKET.fullmatch(text):
        raise ValueError("not a bucket's name, such as pictures, without URL and folders; nor an ARN")
    return text


def _endpoint(text: str) -> str:
    """Let only URLs pass that botocore asks: of names it takes fewer than others do."""
    host = urlsplit(read_base_url(text)).hostname or ""
    if not is_address(host) and not _ENDPOINT_HOST.fullmatch(host):
        raise ValueError(
            "not an http(s) URL whose host is of letters, digits, hyphens and dots, all that botocore takes"
        )
    return text


def _region(text: str) -> str:
    """Let only texts pass that a region can be called: botocore refuses others at each use."""
    if not _REGION.fullmatch(text):
        raise ValueError("not a region's name, such as eu-central-1")
    return text


OptionalBucket = Annotated[str | None, ReadBy(_bucket)]
OptionalEndpoint = Annotated[str | None, ReadBy(_endpoint)]
OptionalRegion = Annotated[str | None, ReadBy(_region)]


class CacheSettings(Group, frozen=True, kw_only=True):
    """Freshness, coalescing and the metadata cache."""

    IN_FORCE: ClassVar[Mapping[str, str]] = {"min_ttl": "min_ttl_seconds", "max_ttl": "max_ttl_seconds"}

    min_ttl: Annotated[
        int | None,
        Env(
            "IMGSVC_MIN_TTL",
            "Shortest time in seconds a picture counts as fresh; unset: 14400, or IMGSVC_MAX_TTL where that is less.",
            ge=0,
            le=MAX_TTL_SECONDS,
        ),
    ] = None
    max_ttl: Annotated[
        int | None,
        Env(
            "IMGSVC_MAX_TTL",
            "Longest time in seconds a picture counts as fresh; unset: 31536000, or IMGSVC_MIN_TTL where that is more.",
            ge=0,
            le=MAX_TTL_SECONDS,
        ),
    ] = None
    coalesce_timeout_seconds: Annotated[
        float, Env("IMGSVC_COALESCE_TIMEOUT", "Longest wait for work that another request began.", gt=0)
    ] = 30
    refresh_cooldown_seconds: Annotated[
        int, Env("IMGSVC_REFRESH_COOLDOWN", "Shortest time between two forced refreshes of one source.", ge=0)
    ] = 3600
    redis_url: Annotated[
        OptionalRedisUrl,
        Env(
            "IMGSVC_REDIS_URL",
            "Redis or Valkey by which replicas share remembered failures, purges and leases; unset: in process.",
        ),
    ] = None

    @property
    def min_ttl_seconds(self) -> int:
        """The shortest lifetime in force."""
        if self.min_ttl is not None:
            return self.min_ttl
        return 14400 if self.max_ttl is None else min(14400, self.max_ttl)

    @property
    def max_ttl_seconds(self) -> int:
        """The longest lifetime in force."""
        if self.max_ttl is not None:
            return self.max_ttl
        return max(31536000, self.min_ttl_seconds)

    def contradictions(self) -> Iterator[str]:
        """The shortest lifetime is not above the longest."""
        if self.min_ttl_seconds > self.max_ttl_seconds:
            yield "IMGSVC_MIN_TTL: must not be above IMGSVC_MAX_TTL"


class StoreSettings(Group, frozen=True, kw_only=True):
    """Where whole pictures are kept."""

    directory: Annotated[Path, Env("IMGSVC_STORE_DIR", "Folder of the filesystem store.")] = Path("var/store")
    max_bytes: Annotated[
        int | None,
        Env(
            "IMGSVC_STORE_MAX_BYTES",
            "What the filesystem store may hold; unset: 10 GiB, or half of the free space where that is less.",
            gt=0,
        ),
    ] = None
    s3_bucket: Annotated[OptionalBucket, Env("S3_BUCKET", "Bucket; unset: the filesystem store is used.")] = None
    s3_endpoint_url: Annotated[OptionalEndpoint, Env("S3_ENDPOINT_URL", "Endpoint of an S3 that is not AWS.")] = None
    s3_region: Annotated[OptionalRegion, Env("S3_REGION", "Region; unset: botocore's own choice.")] = None
    s3_access_key_id: Annotated[Secret | None, Env("S3_ACCESS_KEY_ID", "Access key; unset: botocore's own chain.")] = (
        None
    )
    s3_secret_access_key: Annotated[Secret | None, Env("S3_SECRET_ACCESS_KEY", "Secret of the access key.")] = None
    s3_session_token: Annotated[
        Secret | None, Env("S3_SESSION_TOKEN", "Session token, with temporary credentials.")
    ] = None
    s3_addressing_style: Annotated[
        Literal["auto", "path", "virtual"], Env("S3_ADDRESSING_STYLE", "Bucket in the path or in the host name.")
    ] = "auto"

    def contradictions(self) -> Iterator[str]:
        """A key has two halves; botocore would find that out at the first use, and pass over a token without a key."""
        halves = {"S3_ACCESS_KEY_ID": self.s3_access_key_id, "S3_SECRET_ACCESS_KEY": self.s3_secret_access_key}
        given = [name for name, value in {**halves, "S3_SESSION_TOKEN": self.s3_session_token}.items() if value]
        if self.s3_bucket and given:
            yield from (f"{name}: must be set with {given[0]}" for name, value in halves.items() if not value)


class SpoolSettings(Group, frozen=True, kw_only=True):
    """Where large sources go on their way to clients and store."""

    directory: Annotated[
        Path | None,
        Env("IMGSVC_SPOOL_DIR", "Folder for large sources under way; unset: beside the filesystem store's objects."),
    ] = None
    max_bytes: Annotated[
        int, Env("IMGSVC_SPOOL_MAX_BYTES", "What large sources under way may take on disk together.", ge=0)
    ] = 1024 * MIB
    drain_deadline_seconds: Annotated[
        float, Env("IMGSVC_DRAIN_DEADLINE", "How long a large source is read on after its last client has left.", ge=0)
    ] = 30
