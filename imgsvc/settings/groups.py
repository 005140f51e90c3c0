"""
The groups of settings: one class for each room or two that need them.

A field's annotation has its environment name and its sentence in ``docs/configuration.md``, its own name has the unit.
Constructors receive their own group, never the whole tree.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from imgsvc.model.hosts import HostRules
from imgsvc.model.secret import Secret
from imgsvc.settings.group import Group
from imgsvc.settings.memory import MIB
from imgsvc.settings.services import OptionalBaseUrl
from imgsvc.settings.setting import Env
from imgsvc.settings.values import Agents, Host, Networks, Origins, Rate, RateLimit, Rules, Secrets, Targets, UserAgents


class ServerSettings(Group, frozen=True, kw_only=True):
    """Where the service listens, how it answers and how it ends."""

    host: Annotated[Host, Env("IMGSVC_HOST", "Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Env("IMGSVC_PORT", "Port to listen on; 0 takes a free one.", ge=0, le=65535)] = 8080
    drain_delay_seconds: Annotated[
        float,
        Env(
            "IMGSVC_DRAIN_DELAY", "After SIGTERM: how long new connections are still taken while health says 503.", ge=0
        ),
    ] = 0
    shutdown_timeout_seconds: Annotated[
        float,
        Env("IMGSVC_SHUTDOWN_TIMEOUT", "After SIGTERM: how long running answers and background writes may take.", gt=0),
    ] = 30
    admin_token: Annotated[
        Secret | None, Env("IMGSVC_ADMIN_TOKEN", "Bearer token of the admin routes; unset, they are 404.")
    ] = None
    delivery: Annotated[
        Literal["bytes", "redirect"],
        Env("IMGSVC_DELIVERY", "Answer stored images with their bytes, or with a redirect to the CDN."),
    ] = "bytes"
    cdn_base_url: Annotated[
        OptionalBaseUrl, Env("IMGSVC_CDN_BASE_URL", "Public URL below which the object store's keys are found.")
    ] = None
    site_url: Annotated[
        OptionalBaseUrl,
        Env("IMGSVC_SITE_URL", "The site that relative URLs at /_next/image belong to; an allowed source there."),
    ] = None
    log_format: Annotated[
        Literal["auto", "json", "text"],
        Env("IMGSVC_LOG_FORMAT", "JSON lines or text for people; auto is text on a terminal."),
    ] = "auto"
    send_timeout_seconds: Annotated[
        float, Env("IMGSVC_SEND_TIMEOUT", "A client that takes no byte for this long is dropped.", gt=0)
    ] = 30
    hit_path: Annotated[
        bool, Env("IMGSVC_HIT_PATH", "Answer what memory has before HTTP is parsed; 0 = off, as it is with traces.")
    ] = True

    def contradictions(self) -> Iterator[str]:
        """Redirects need a target."""
        if self.delivery == "redirect" and not self.cdn_base_url:
            yield "IMGSVC_DELIVERY: redirect needs IMGSVC_CDN_BASE_URL"


class AccessSettings(Group, frozen=True, kw_only=True):
    """Who may be fetched for whom."""

    allowed_hosts: Annotated[
        Rules,
        Env(
            "IMGSVC_ALLOWED_HOSTS",
            "Sources anybody may ask for: names, *.suffix, * for any public host, store: for stored objects. "
            "Empty: signed requests only.",
        ),
    ] = HostRules()
    signing_keys: Annotated[
        Secrets, Env("IMGSVC_SIGNING_KEYS", "Texts, comma-separated: the first signs, all verify.")
    ] = ()
    width_ladder: Annotated[
        bool, Env("IMGSVC_WIDTH_LADDER", "Snap the widths of unsigned requests up to Next.js' sizes (16 to 3840).")
    ] = False


class LimitSettings(Group, frozen=True, kw_only=True):
    """How much one client, and all clients together of one source's domain, may ask for."""

    rate_limit: Annotated[
        Rate,
        Env(
            "IMGSVC_RATE_LIMIT",
            "COUNT/SECONDS: fetches for logos and pages, whosever they are, and of pictures outside "
            "IMGSVC_ALLOWED_HOSTS, per client and per domain; 0 = off.",
        ),
    ] = RateLimit(count=120, period_seconds=60)
    trusted_proxies: Annotated[
        Networks, Env("IMGSVC_TRUSTED_PROXIES", "Networks whose X-Forwarded-For is believed, comma-separated.")
    ] = ()


class OriginSettings(Group, frozen=True, kw_only=True):
    """How sources are reached."""

    trusted_origins: Annotated[
        Origins,
        Env(
            "IMGSVC_TRUSTED_ORIGINS",
            "host:port=CIDR, comma-separated: this host and port may resolve into that network.",
        ),
    ] = ()
    connect_to: Annotated[
        Targets,
        Env("IMGSVC_CONNECT_TO", "host=address:port, comma-separated, *.suffix allowed: connect there instead."),
    ] = ()
    max_image_size_bytes: Annotated[
        int, Env("MAX_IMAGE_SIZE_BYTES", "Sources with more bytes are refused with 413.", gt=0)
    ] = 50 * MIB
    stream_threshold_bytes: Annotated[
        int, Env("IMAGE_STREAM_THRESHOLD_BYTES", "Sources with more bytes are streamed, not buffered.", gt=0)
    ] = 5 * MIB
    connect_timeout_seconds: Annotated[float, Env("IMGSVC_CONNECT_TIMEOUT", "Longest wait for a connection.", gt=0)] = 3
    read_timeout_seconds: Annotated[float, Env("IMGSVC_READ_TIMEOUT", "Longest wait between two reads.", gt=0)] = 5
    fetch_timeout_seconds: Annotated[
        float, Env("IMGSVC_FETCH_TIMEOUT", "Longest whole fetch, redirects included.", gt=0)
    ] = 15
    user_agents: Annotated[
        Agents,
        Env(
            "IMGSVC_USER_AGENTS",
            "host=text, separated by |, *.suffix allowed: the User-Agent under which these hosts are asked.",
        ),
    ] = UserAgents()
    connections_per_host: Annotated[
        int, Env("IMGSVC_CONNECTIONS_PER_HOST", "Connections to one host at once.", gt=0)
    ] = 8
    connections: Annotated[int, Env("IMGSVC_CONNECTIONS", "Connections to all hosts at once.", gt=0)] = 100
    fetch_slots: Annotated[
        int, Env("IMGSVC_FETCH_SLOTS", "Sources being read at once; others wait their turn.", gt=0)
    ] = 96

    def is_named(self, host: str) -> bool:
        """Whether the operator named *host* (normalised) as reachable at a private address."""
        return any(t.host == host for t in self.trusted_origins) or any(c.covers(host) for c in self.connect_to)


class TransformSettings(Group, frozen=True, kw_only=True):
    """Limits and costs of pixel work."""

    IN_FORCE: ClassVar[Mapping[str, str]] = {"threads": "thread_count"}

    threads: Annotated[
        int | None, Env("IMGSVC_TRANSFORM_THREADS", "Threads for pixel work; unset: cores + 1.", gt=0)
    ] = None
    timeout_seconds: Annotated[float, Env("IMGSVC_TRANSFORM_TIMEOUT", "A transform is killed after this.", gt=0)] = 10
    max_pixels: Annotated[int, Env("IMGSVC_MAX_PIXELS", "Largest still, in pixels.", gt=0)] = 50_000_000
    max_animation_pixels: Annotated[
        int, Env("IMGSVC_MAX_ANIMATION_PIXELS", "Largest animation, pixels of all frames together.", gt=0)
    ] = 50_000_000
    max_frames: Annotated[int, Env("IMGSVC_MAX_FRAMES", "Longest animation, in frames.", gt=0)] = 256
    max_side_px: Annotated[int, Env("IMGSVC_MAX_SIDE", "Longest side of a source, in pixels.", gt=0)] = 16384
    avif_max_pixels: Annotated[
        int, Env("IMGSVC_AVIF_MAX_PIXELS", "Above this many pixels of output auto answers WebP instead of AVIF.", ge=0)
    ] = 2_000_000
    avif_budget_seconds: Annotated[
        float,
        Env(
            "IMGSVC_AVIF_BUDGET",
            "Where AVIF would take longer auto answers WebP at first, and makes AVIF behind.",
            ge=0,
        ),
    ] = 1
    webp_effort: Annotated[int, Env("IMGSVC_WEBP_EFFORT", "CPU effort of WebP, 0-6.", ge=0, le=6)] = 2
    avif_effort: Annotated[int, Env("IMGSVC_AVIF_EFFORT", "CPU effort of AVIF, 0-9.", ge=0, le=9)] = 1

    @property
    def thread_count(self) -> int:
        """Threads in force: one more than there are cores keeps them busy while one waits for memory."""
        return self.threads or (os.cpu_count() or 1) + 1
