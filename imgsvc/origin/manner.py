"""How a source is asked."""

from dataclasses import dataclass

from imgsvc.origin.answer import Validators


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """
    What is asked for, and where it may lead; the same on every hop.

    Attributes:
        accept: media types wanted; empty = pictures.
        found_for: hosts of the site for whose sake a page or a service named it: it may lead to any public host then;
            None = a client named it.
        is_bounded: whether more than MAX_IMAGE_SIZE_BYTES is an error; if not, its reader ends where it has enough.
        validators: of the version that is known; None = whatever there is is wanted.
    """

    accept: str = ""
    found_for: frozenset[str] | None = None
    is_bounded: bool = True
    validators: Validators | None = None

    def headers_for(self, url: str) -> dict[str, str]:
        """Give what is sent to *url* beside what is sent to all."""
        accept = {"Accept": self.accept} if self.accept else {}
        return accept | (self.validators.headers_for(url) if self.validators else {})


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
