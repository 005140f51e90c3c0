"""How a source is asked."""

from dataclasses import dataclass, replace
from typing import Self

from yarl import URL

from imgsvc.model.secret import Secret
from imgsvc.origin.answer import Validators


@dataclass(frozen=True, slots=True)
class Credential:
    """
    A bearer token (RFC 6750), and the only origin that is ever told it.

    Attributes:
        url: normalised; its scheme, host and port are the origin.
        token: shown nowhere.
    """

    url: str
    token: Secret

    def is_for(self, url: str) -> bool:
        """Whether *url* (normalised) is of that very origin."""
        return URL(url, encoded=True).origin() == URL(self.url, encoded=True).origin()

    @property
    def headers(self) -> dict[str, str]:
        """What is sent there."""
        return {"Authorization": f"Bearer {self.token.reveal()}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """
    What is asked for, and where it may lead; the same on every hop, but for a credential.

    Attributes:
        accept: media types wanted; empty = pictures.
        found_for: hosts of the site for whose sake a page or a service named it: it may lead to any public host then;
            None = a client named it.
        is_bounded: whether more than MAX_IMAGE_SIZE_BYTES is an error; if not, its reader ends where it has enough.
        validators: of the version that is known; None = whatever there is is wanted.
        credential: what the first URL's origin is asked with; None = nothing.
    """

    accept: str = ""
    found_for: frozenset[str] | None = None
    is_bounded: bool = True
    validators: Validators | None = None
    credential: Credential | None = None

    def headers_for(self, url: str) -> dict[str, str]:
        """Give what is sent to *url* beside what is sent to all."""
        accept = {"Accept": self.accept} if self.accept else {}
        known = self.credential.headers if self.credential and self.credential.is_for(url) else {}
        return accept | known | (self.validators.headers_for(url) if self.validators else {})

    def redirected_to(self, url: str) -> Self:
        """
        Give the manner of the next hop.

        Once a fetch has left the origin of its credential it goes on without, and without if it is led back: it is then
        somebody else who says what is asked for.
        """
        return replace(self, credential=None) if self.credential and not self.credential.is_for(url) else self


PICTURE = Manner()
"""A picture that a client named."""

FOUND_PICTURE = Manner(found_for=frozenset())
"""A picture that a page or a service named."""

PAGE = Manner(accept="text/html,application/xhtml+xml;q=0.9,*/*;q=0.1", found_for=frozenset(), is_bounded=False)
"""A page, of which only the beginning is read."""

MANIFEST = Manner(
    accept="application/manifest+json,application/json;q=0.9,*/*;q=0.1", found_for=frozenset(), is_bounded=False
)
"""A web app manifest."""
