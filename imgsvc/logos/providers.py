"""Services that know icons of domains: templates of the operator's, and the URLs made of them."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from imgsvc.errors import InvalidRequest
from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.model.hosts import normalise_url

GOOGLE_TEMPLATE = "https://www.google.com/s2/favicons?domain={domain}&sz={size}"
DUCKDUCKGO_TEMPLATE = "https://icons.duckduckgo.com/ip3/{domain}.ico"

_SIZES_PX = {LogoSource.GOOGLE: (256, 128)}
_OTHER_SIZES_PX = (256,)
_PLACEHOLDER = re.compile(r"\{(domain|size)\}")


@dataclass(frozen=True, slots=True)
class Provider:
    """
    One service.

    Attributes:
        source: what its pictures are called.
        template: a URL with ``{domain}`` and, when the service gives several sizes, ``{size}`` in px.
        sizes_px: what to ask it for, in this order; Google answers 404 for 256 where it only has 128 or less.
    """

    source: LogoSource
    template: str
    sizes_px: tuple[int, ...]

    @classmethod
    def parse(cls, template: str, source: LogoSource = LogoSource.SERVICE) -> "Provider":
        """
        Read a template.

        Raises:
            ValueError: no http(s) URL, no ``{domain}`` in its path or query, other braces, or a placeholder in its
                host, which would let a client's text choose whom we ask.
        """
        rest = _PLACEHOLDER.sub("", template)
        if "{domain}" not in template or "{" in rest or "}" in rest:
            raise ValueError("a template holds {domain}, may hold {size}, and no other braces")
        authority = re.split(r"[/?#]", template.partition("://")[2], maxsplit=1)[0]
        if "{" in authority or "{" in template.partition("://")[0] or "{" in template.partition("#")[2]:
            raise ValueError("placeholders stand in the path or the query of a template")
        try:
            normalise_url(_PLACEHOLDER.sub("x", template))
        except InvalidRequest as error:
            raise ValueError(error.detail) from error
        return cls(source, template, _SIZES_PX.get(source, _OTHER_SIZES_PX))

    def candidates(self, domain: str) -> tuple[Candidate, ...]:
        """Give what to ask this service for *domain* (a normalised host), the largest size first."""
        sizes_px = self.sizes_px if "{size}" in self.template else (None,)
        return tuple(Candidate(self._url(domain, size_px), self.source, size_px) for size_px in sizes_px)

    def _url(self, domain: str, size_px: int | None) -> str:
        values = {"domain": quote(domain, safe=""), "size": str(size_px)}
        return normalise_url(_PLACEHOLDER.sub(lambda found: values[found[1]], self.template))
