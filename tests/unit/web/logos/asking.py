"""Logo requests for tests."""

from imgsvc.logos.domain import DomainReader
from imgsvc.model.domains import Domains
from imgsvc.services.logos.answers import Subject
from imgsvc.web.logos.parameters import LOGO, Shape
from imgsvc.web.logos.params import LogoQuestion, parse_logo_query
from imgsvc.web.params import Hints

_READER = DomainReader(Domains(), lambda host: host.endswith(".test"))


def subject(text: str, *, param: str = "website") -> Subject:
    """Tell whose logo *text* means, as the service does."""
    return Subject(_READER.read(text, param=param))


def ask(query: str = "", hints: Hints | None = None, shape: Shape = LOGO, **options) -> LogoQuestion:
    """Ask for the logo of acme.test."""
    site = "" if "website" in options else f"{shape.website}=acme.test&"
    return parse_logo_query(f"{site}{query}", hints or Hints(), shape, **options)
