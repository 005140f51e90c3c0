"""Services that know icons of domains: templates of the operator's, and the URLs made of them."""

from urllib.parse import urlsplit

from msgspec import Struct

from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.model.templates import check_template, fill_template, has_size

_SIZES_PX = {LogoSource.GOOGLE: (256, 128)}
_OTHER_SIZES_PX = (256,)


class Provider(Struct, frozen=True):
    """
    One service.

    Attributes:
        source: what its pictures are called.
        template: a URL with ``{domain}`` and, when the service gives several sizes, ``{size}`` in px.
        sizes_px: what to ask it for, in this order; Google answers 404 for 256 where it only has 128 or less.
        is_usual: whether the template is the one that is shipped, which holds no secret.
    """

    source: LogoSource
    template: str
    sizes_px: tuple[int, ...]
    is_usual: bool = False

    @classmethod
    def parse(cls, template: str, source: LogoSource = LogoSource.SERVICE, *, is_usual: bool = False) -> "Provider":
        """
        Read a template.

        Raises:
            ValueError: as :func:`imgsvc.model.templates.check_template`.
        """
        return cls(source, check_template(template), _SIZES_PX.get(source, _OTHER_SIZES_PX), is_usual)

    def candidates(self, domain: str) -> tuple[Candidate, ...]:
        """Give what to ask this service for *domain* (a normalised host), the largest size first."""
        sizes_px = self.sizes_px if has_size(self.template) else (None,)
        urls = [(fill_template(self.template, domain, size_px), size_px) for size_px in sizes_px]
        return tuple(Candidate(url, self.source, size_px, shown=self._shown(url)) for url, size_px in urls)

    def _shown(self, url: str) -> str | None:
        """Of an operator's own service only its host is shown; of another address of a known one, not its query."""
        parts = urlsplit(url)
        if self.source is LogoSource.SERVICE:
            return f"{parts.scheme}://{parts.netloc}/"
        return None if self.is_usual else parts._replace(query="").geturl()
