"""
The groups of settings: one class for each room or two that need them.

A field's alias is its environment name, its description the sentence in ``docs/configuration.md``, its unit is in its
own name. Constructors receive their own group, never the whole tree.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from imgsvc.model.hosts import HostRules
from imgsvc.settings.memory import MIB
from imgsvc.settings.services import (
    OptionalUrl,
)
from imgsvc.settings.values import (
    Agents,
    Frozen,
    Networks,
    OptionalInt,
    OptionalPath,
    OptionalSecret,
    OptionalText,
    Origins,
    Rate,
    RateLimit,
    Rules,
    Secrets,
    Targets,
    UserAgents,
    env,
)

MAX_TTL_SECONDS = 100 * 31536000
"""The longest lifetime that can be set; as good as for ever."""


class ServerSettings(Frozen):
    """Where the service listens, how it answers and how it ends."""

    host: str = env("IMGSVC_HOST", "127.0.0.1", "Address to listen on.")
    port: int = env("IMGSVC_PORT", 8080, "Port to listen on; 0 takes a free one.", ge=0, le=65535)
    drain_delay_seconds: float = env(
        "IMGSVC_DRAIN_DELAY", 0, "After SIGTERM: how long new connections are still taken while health says 503.", ge=0
    )
    shutdown_timeout_seconds: float = env(
        "IMGSVC_SHUTDOWN_TIMEOUT", 30, "After SIGTERM: how long running answers and background writes may take.", gt=0
    )
    admin_token: OptionalSecret = env(
        "IMGSVC_ADMIN_TOKEN", None, "Bearer token of the admin routes; unset, they are 404."
    )
    delivery: Literal["bytes", "redirect"] = env(
        "IMGSVC_DELIVERY", "bytes", "Answer stored images with their bytes, or with a redirect to the CDN."
    )
    cdn_base_url: OptionalUrl = env(
        "IMGSVC_CDN_BASE_URL", None, "Public URL below which the object store's keys are found."
    )
    site_url: OptionalUrl = env(
        "IMGSVC_SITE_URL", None, "The site that relative URLs at /_next/image belong to; an allowed source there."
    )
    log_format: Literal["auto", "json", "text"] = env(
        "IMGSVC_LOG_FORMAT", "auto", "JSON lines or text for people; auto is text on a terminal."
    )
    send_timeout_seconds: float = env(
        "IMGSVC_SEND_TIMEOUT", 30, "A client that takes no byte for this long is dropped.", gt=0
    )
    hit_path: bool = env(
        "IMGSVC_HIT_PATH", True, "Answer what memory has before HTTP is parsed; 0 = off, as it is with traces."
    )

    @model_validator(mode="after")
    def _redirects_need_a_target(self) -> Self:
        if self.delivery == "redirect" and not self.cdn_base_url:
            raise ValueError("IMGSVC_DELIVERY: redirect needs IMGSVC_CDN_BASE_URL")
        return self


class AccessSettings(Frozen):
    """Who may be fetched for whom."""

    allowed_hosts: Rules = env(
        "IMGSVC_ALLOWED_HOSTS",
        HostRules(),
        "Sources anybody may ask for: names, *.suffix, * for any public host, store: for stored objects. "
        "Empty: signed requests only.",
    )
    signing_keys: Secrets = env("IMGSVC_SIGNING_KEYS", (), "Texts, comma-separated: the first signs, all verify.")
    width_ladder: bool = env(
        "IMGSVC_WIDTH_LADDER", False, "Snap the widths of unsigned requests up to Next.js' sizes (16 to 3840)."
    )


class LimitSettings(Frozen):
    """How much one client, and all clients together of one source's domain, may ask for."""

    rate_limit: Rate = env(
        "IMGSVC_RATE_LIMIT",
        RateLimit(count=120, period_seconds=60),
        "COUNT/SECONDS: fetches from hosts outside IMGSVC_ALLOWED_HOSTS, per client and per domain; 0 = off.",
    )
    trusted_proxies: Networks = env(
        "IMGSVC_TRUSTED_PROXIES", (), "Networks whose X-Forwarded-For is believed, comma-separated."
    )


class OriginSettings(Frozen):
    """How sources are reached."""

    trusted_origins: Origins = env(
        "IMGSVC_TRUSTED_ORIGINS",
        (),
        "host:port=CIDR, comma-separated: this host and port may resolve into that network.",
    )
    connect_to: Targets = env(
        "IMGSVC_CONNECT_TO", (), "host=address:port, comma-separated, *.suffix allowed: connect there instead."
    )
    max_image_size_bytes: int = env(
        "MAX_IMAGE_SIZE_BYTES", 50 * MIB, "Sources with more bytes are refused with 413.", gt=0
    )
    stream_threshold_bytes: int = env(
        "IMAGE_STREAM_THRESHOLD_BYTES", 5 * MIB, "Sources with more bytes are streamed, not buffered.", gt=0
    )
    connect_timeout_seconds: float = env("IMGSVC_CONNECT_TIMEOUT", 3, "Longest wait for a connection.", gt=0)
    read_timeout_seconds: float = env("IMGSVC_READ_TIMEOUT", 5, "Longest wait between two reads.", gt=0)
    fetch_timeout_seconds: float = env("IMGSVC_FETCH_TIMEOUT", 15, "Longest whole fetch, redirects included.", gt=0)
    user_agents: Agents = env(
        "IMGSVC_USER_AGENTS",
        UserAgents(),
        "host=text, separated by |, *.suffix allowed: the User-Agent under which these hosts are asked.",
    )
    connections_per_host: int = env("IMGSVC_CONNECTIONS_PER_HOST", 8, "Connections to one host at once.", gt=0)
    connections: int = env("IMGSVC_CONNECTIONS", 100, "Connections to all hosts at once.", gt=0)
    fetch_slots: int = env("IMGSVC_FETCH_SLOTS", 96, "Sources being read at once; others wait their turn.", gt=0)

    def is_named(self, host: str) -> bool:
        """Whether the operator named *host* (normalised) as reachable at a private address."""
        return any(t.host == host for t in self.trusted_origins) or any(c.covers(host) for c in self.connect_to)


class TransformSettings(Frozen):
    """Limits and costs of pixel work."""

    IN_FORCE: ClassVar[Mapping[str, str]] = {"threads": "thread_count"}

    threads: OptionalInt = env("IMGSVC_TRANSFORM_THREADS", None, "Threads for pixel work; unset: cores + 1.", gt=0)
    timeout_seconds: float = env("IMGSVC_TRANSFORM_TIMEOUT", 10, "A transform is killed after this.", gt=0)
    max_pixels: int = env("IMGSVC_MAX_PIXELS", 50_000_000, "Largest still, in pixels.", gt=0)
    max_animation_pixels: int = env(
        "IMGSVC_MAX_ANIMATION_PIXELS", 50_000_000, "Largest animation, pixels of all frames together.", gt=0
    )
    max_frames: int = env("IMGSVC_MAX_FRAMES", 256, "Longest animation, in frames.", gt=0)
    max_side_px: int = env("IMGSVC_MAX_SIDE", 16384, "Longest side of a source, in pixels.", gt=0)
    avif_max_pixels: int = env(
        "IMGSVC_AVIF_MAX_PIXELS", 2_000_000, "Above this many pixels of output auto answers WebP instead of AVIF.", ge=0
    )
    avif_budget_seconds: float = env(
        "IMGSVC_AVIF_BUDGET", 1, "Where AVIF would take longer auto answers WebP at first, and makes AVIF behind.", ge=0
    )
    webp_effort: int = env("IMGSVC_WEBP_EFFORT", 2, "CPU effort of WebP, 0-6.", ge=0, le=6)
    avif_effort: int = env("IMGSVC_AVIF_EFFORT", 1, "CPU effort of AVIF, 0-9.", ge=0, le=9)

    @property
    def thread_count(self) -> int:
        """Threads in force: one more than there are cores keeps them busy while one waits for memory."""
        return self.threads or (os.cpu_count() or 1) + 1


class CacheSettings(Frozen):
    """Freshness, coalescing and the metadata cache."""

    IN_FORCE: ClassVar[Mapping[str, str]] = {"min_ttl": "min_ttl_seconds", "max_ttl": "max_ttl_seconds"}

    min_ttl: OptionalInt = env(
        "IMGSVC_MIN_TTL",
        None,
        "Shortest time in seconds a picture counts as fresh; unset: 14400, or IMGSVC_MAX_TTL where that is less.",
        ge=0,
        le=MAX_TTL_SECONDS,
    )
    max_ttl: OptionalInt = env(
        "IMGSVC_MAX_TTL",
        None,
        "Longest time in seconds a picture counts as fresh; unset: 31536000, or IMGSVC_MIN_TTL where that is more.",
        ge=0,
        le=MAX_TTL_SECONDS,
    )
    coalesce_timeout_seconds: float = env(
        "IMGSVC_COALESCE_TIMEOUT", 30, "Longest wait for work that another request began.", gt=0
    )
    refresh_cooldown_seconds: int = env(
        "IMGSVC_REFRESH_COOLDOWN", 3600, "Shortest time between two forced refreshes of one source.", ge=0
    )
    redis_url: OptionalSecret = env(
        "IMGSVC_REDIS_URL",
        None,
        "Redis or Valkey by which replicas share remembered failures, purges and leases; unset: in process.",
    )

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

    @model_validator(mode="after")
    def _lifetimes_in_order(self) -> Self:
        if self.min_ttl_seconds > self.max_ttl_seconds:
            raise ValueError("IMGSVC_MIN_TTL: must not be above IMGSVC_MAX_TTL")
        return self


class StoreSettings(Frozen):
    """Where whole pictures are kept."""

    directory: Path = env("IMGSVC_STORE_DIR", Path("var/store"), "Folder of the filesystem store.")
    max_bytes: OptionalInt = env(
        "IMGSVC_STORE_MAX_BYTES",
        None,
        "What the filesystem store may hold; unset: 10 GiB, or half of the free space where that is less.",
        gt=0,
    )
    s3_bucket: OptionalText = env("S3_BUCKET", None, "Bucket; unset: the filesystem store is used.")
    s3_endpoint_url: OptionalUrl = env("S3_ENDPOINT_URL", None, "Endpoint of an S3 that is not AWS.")
    s3_region: OptionalText = env("S3_REGION", None, "Region; unset: botocore's own choice.")
    s3_access_key_id: OptionalSecret = env("S3_ACCESS_KEY_ID", None, "Access key; unset: botocore's own chain.")
    s3_secret_access_key: OptionalSecret = env("S3_SECRET_ACCESS_KEY", None, "Secret of the access key.")
    s3_session_token: OptionalSecret = env("S3_SESSION_TOKEN", None, "Session token, with temporary credentials.")
    s3_addressing_style: Literal["auto", "path", "virtual"] = env(
        "S3_ADDRESSING_STYLE", "auto", "Bucket in the path or in the host name."
    )


class SpoolSettings(Frozen):
    """Where large sources go on their way to clients and store."""

    directory: OptionalPath = env(
        "IMGSVC_SPOOL_DIR", None, "Folder for large sources under way; unset: beside the filesystem store's objects."
    )
    max_bytes: int = env(
        "IMGSVC_SPOOL_MAX_BYTES", 1024 * MIB, "What large sources under way may take on disk together.", ge=0
    )
    drain_deadline_seconds: float = env(
        "IMGSVC_DRAIN_DEADLINE", 30, "How long a large source is read on after its last client has left.", ge=0
    )
