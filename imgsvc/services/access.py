"""Who may ask for which source: an allow list, or a signature."""

import time
from collections.abc import Callable

from msgspec import Struct
from yarl import URL

from imgsvc.errors import SourceNotAllowed
from imgsvc.model.source import Source
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.origin.signature import Signer
from imgsvc.settings import AccessSettings


class Grant(Struct, frozen=True):
    """
    Leave to serve one request.

    Attributes:
        expires_at: unix second at which the signature ends; None = never.
        is_listed: whether the operator's list has the source, so that no limit holds for its fetches.
    """

    expires_at: int | None = None
    is_listed: bool = True


class AccessService:
    """
    Decides; pure but for the clock, so that its grants can be remembered until they expire.

    Args:
        settings: the allow list.
        signer: checks signatures.
        policy: judges URLs.
        guard: knows what this process sent out.
        is_alias: whether a source is the URL of what has a route, and a name, of its own.
        clock: unix seconds.
    """

    def __init__(
        self,
        settings: AccessSettings,
        signer: Signer,
        policy: SourcePolicy,
        guard: LoopGuard,
        *,
        is_alias: Callable[[Source], bool] = lambda _: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._is_alias = is_alias
        self._settings = settings
        self._signer = signer
        self._policy = policy
        self._guard = guard
        self._clock = clock

    def check(
        self, path: str, pairs: tuple[tuple[str, str], ...], source: Source, *, signed: bool, site: str | None = None
    ) -> Grant:
        """
        Grant a request for *source* at *path* with parameters *pairs*.

        Args:
            path: as asked for, without the query.
            pairs: all parameters as sent, decoded once.
            source: what is asked for.
            signed: whether a ``sig`` is among *pairs*.
            site: URL of a site whose own pictures are allowed on this route.

        Raises:
            BadSignature, SignatureExpired: a signature was given and does not hold.
            SourceForbidden: no signature, and the allow list does not have the source.
        """
        expires_at = self._signer.verify(path, pairs, self._clock()) if signed else None
        self._refuse_aliases(source)
        is_stored = source.object_key is not None
        is_of_site = not is_stored and _is_of(source.url, site)
        if not is_stored:
            self._policy.check(source.url, signed=signed or is_of_site)
        elif not signed and not self._settings.allowed_hosts.store:
            raise SourceNotAllowed(
                "Stored objects need a signed request, or 'store:' in IMGSVC_ALLOWED_HOSTS.", param="url"
            )
        is_listed = not signed or is_stored or is_of_site or self._settings.allowed_hosts.match(source.host) is not None
        return Grant(expires_at, is_listed=is_listed)

    def check_for_operator(self, source: Source) -> None:
        """
        Let a source pass that the operator named, as if it were signed.

        Raises:
            SourceForbidden: it is this service itself, or its port or address is not allowed.
        """
        self._refuse_aliases(source)
        if source.object_key is None:
            self._policy.check(source.url, signed=True)

    def refuse_own(self, via: str) -> None:
        """
        Refuse a request that this very process sent out and that came back, whatever proxies are between.

        Raises:
            SourceNotAllowed: *via*, the request's ``Via`` header, has our pseudonym in it.
        """
        if self._guard.has_sent(via):
            raise SourceNotAllowed("The source leads back to this service.", param="url")

    def _refuse_aliases(self, source: Source) -> None:
        """Let one picture have one name: by another it would be asked for, kept and remembered as failing apart."""
        if self._is_alias(source):
            raise SourceNotAllowed("An asset is asked for by its id, at /api/assets/ID.", param="url")

    def is_current(self, grant: Grant) -> bool:
        """Whether a remembered grant still holds."""
        return grant.expires_at is None or self._clock() < grant.expires_at


def _is_of(url: str, site: str | None) -> bool:
    return site is not None and URL(url, encoded=True).origin() == URL(site).origin()
