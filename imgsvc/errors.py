"""
Everything that can go wrong, as one tree; no HTTP in it.

::

    ImgsvcError
    ├── InvalidRequest
    │   ├── MissingUrl · UrlUndefined · SchemeNotAllowed · UserinfoNotAllowed · BadKey · BadDomain
    │   ├── BadAssetId · BadPath
    ├── Unauthorized
    ├── SourceForbidden
    │   ├── SourceNotAllowed · AddressNotPublic · PortNotAllowed · BadSignature · SignatureExpired
    ├── NotFound
    │   ├── SourceNotFound · LogoNotFound · ShareImageNotFound · ObjectNotFound
    ├── UnusableSource
    │   ├── SourceTooLarge · ImageTooLarge · NotAnImage · NotAPage · CorruptImage
    ├── OriginError
    │   ├── OriginUnreachable · OriginUnresolvable · OriginStatus · TooManyRedirects · OriginTimeout · CircuitOpen
    ├── RateLimited
    ├── AssetsNotConfigured · StoreUnavailable
    ├── Overloaded
    │   ├── QueueFull · MemoryPressure · NoSpoolRoom · TransformTimeout · Draining
    └── StoreError

A room translates foreign exceptions into these once, at its edge. ``web.error_map`` alone knows what they mean in HTTP.
"""

from typing import ClassVar

_MINUTE = 60
_HOUR = 3600


class ImgsvcError(Exception):
    """
    Base of all errors of this service.

    Attributes:
        detail: one sentence for a person; never holds a secret, an address or an upstream's bytes.
        param: the request parameter at fault, if there is one.
        remember_seconds: how long this outcome is remembered for the source; 0 = not at all.
        retry_after_seconds: when asking again may help; None = not known.
    """

    remember_seconds: ClassVar[int] = 0

    def __init__(self, detail: str, *, param: str | None = None, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.param = param
        self.retry_after_seconds = retry_after_seconds


class InvalidRequest(ImgsvcError):
    """The request itself is wrong."""


class MissingUrl(InvalidRequest):
    """No source was named."""


class UrlUndefined(InvalidRequest):
    """The source is a front end's ``undefined`` or ``null`` turned into text."""


class SchemeNotAllowed(InvalidRequest):
    """The source is neither http nor https."""


class UserinfoNotAllowed(InvalidRequest):
    """The source's URL carries a user name or password."""


class BadKey(InvalidRequest):
    """A store key is malformed."""


class BadDomain(InvalidRequest):
    """The text names no domain that could have a logo."""


class BadAssetId(InvalidRequest):
    """The text is no UUID, so no asset can have it."""


class BadPath(InvalidRequest):
    """The path names no picture that the route has."""


class Unauthorized(ImgsvcError):
    """An admin route was asked without the right bearer token."""


class SourceForbidden(ImgsvcError):
    """The source may not be reached."""


class SourceNotAllowed(SourceForbidden):
    """Host, redirect or path of the source is outside what the operator allows."""


class AddressNotPublic(SourceForbidden):
    """The source's host leads to an address that is not globally routable."""


class PortNotAllowed(SourceForbidden):
    """The source's port is not one of the web's."""


class BadSignature(SourceForbidden):
    """The signature does not fit the request."""


class SignatureExpired(SourceForbidden):
    """The signature was right once; its time is over."""


class NotFound(ImgsvcError):
    """What was asked for does not exist."""


class SourceNotFound(NotFound):
    """The source answered 404 or 410."""

    remember_seconds = 15 * _MINUTE


class LogoNotFound(NotFound):
    """The search for a domain's logo has ended without one."""

    remember_seconds = 24 * _HOUR


class ShareImageNotFound(NotFound):
    """None of the pictures that a page offers is fit to stand for it."""


class ObjectNotFound(NotFound):
    """The store has no such image, or there is no such route."""


class UnusableSource(ImgsvcError):
    """
    The source answered, but with nothing this service can use.

    Attributes:
        was_sent: whether the request brought the bytes itself, so that there is no source to remember.
    """

    remember_seconds = _HOUR
    was_sent = False


class SourceTooLarge(UnusableSource):
    """The source has more bytes than MAX_IMAGE_SIZE_BYTES."""


class ImageTooLarge(UnusableSource):
    """The picture has more pixels, frames or a longer side than allowed."""


class NotAnImage(UnusableSource):
    """The bytes are not those of an image format this service reads."""


class NotAPage(UnusableSource):
    """The source is something else than an HTML page."""


class CorruptImage(UnusableSource):
    """The picture is broken or ends too early."""


class OriginError(ImgsvcError):
    """
    The source failed.

    Attributes:
        was_connected: whether it had taken a connection, its handshake included; as far as is known.
        failed_host: of the hop that failed, which a redirect may have led to; empty = not known.
    """

    remember_seconds = _MINUTE
    was_connected = True
    failed_host = ""


class OriginUnreachable(OriginError):
    """No connection, or one that broke off, or an answer that is not HTTP."""


class OriginUnresolvable(OriginError):
    """The source's name has no address."""


class OriginStatus(OriginError):
    """The source answered with a status that carries no picture."""


class TooManyRedirects(OriginError):
    """The source redirects in a loop, too often or to nowhere."""


class OriginTimeout(OriginError):
    """The source was too slow."""


class CircuitOpen(OriginError):
    """The source's domain has failed so often that it is left alone for a while; nothing was sent to it."""

    remember_seconds = 0


class RateLimited(ImgsvcError):
    """
    A client, or all clients of one source's domain together, ask for too much that is not there yet.

    Attributes:
        limit: how many may be asked for in one period.
        remaining: how many of them are left now.
        reset_seconds: until all of them are there again.
    """

    def __init__(
        self, detail: str, *, param: str | None = None, retry_after_seconds: int | None = None,
        limit: int = 0, remaining: int = 0, reset_seconds: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(detail, param=param, retry_after_seconds=retry_after_seconds)
        self.limit = limit
        self.remaining = remaining
        self.reset_seconds = reset_seconds


class AssetsNotConfigured(ImgsvcError):
    """The operator has named no asset server, or no token for it."""


class StoreUnavailable(ImgsvcError):
    """The object store fails, so that nobody knows whether it has what was named."""


class Overloaded(ImgsvcError):
    """This process has more work than it can take; nothing is wrong with the request."""


class QueueFull(Overloaded):
    """A bounded queue is full or was waited in for too long."""


class MemoryPressure(Overloaded):
    """This process is short of memory: new work is refused, what is kept is still served."""


class NoSpoolRoom(Overloaded):
    """There is no room on disk for a large source, so it is sent to its first client only."""


class TransformTimeout(Overloaded):
    """A transform took longer than IMGSVC_TRANSFORM_TIMEOUT and was killed."""


class Draining(Overloaded):
    """The process is shutting down."""


class StoreError(ImgsvcError):
    """The object store failed; logged, never a client's problem."""
