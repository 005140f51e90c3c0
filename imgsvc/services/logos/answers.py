"""What is asked about logos, and what is answered beside the picture."""

from enum import StrEnum

from msgspec import Struct

from imgsvc.logos.domain import Domain
from imgsvc.model.look import Theme
from imgsvc.model.spec import TransformSpec
from imgsvc.services.answers import Served


class Fallback(StrEnum):
    """What is answered where there is no logo."""

    MONOGRAM = "monogram"
    NOT_FOUND = "404"
    PLACEHOLDER = "placeholder"
    TRANSPARENT = "transparent"


class Subject(Struct, frozen=True):
    """
    Whose logo is wanted.

    Attributes:
        domain: where it is looked for; None = a company of which no domain is known.
        name: of the company, as the client wrote it; empty = a domain was named.
    """

    domain: Domain | None
    name: str = ""


class LogoRequest(Struct, frozen=True):
    """
    One question.

    Attributes:
        subject: whose.
        size_px: side of the square that it shall fit, device pixel ratio included, 1–4096.
        spec: what is made of it: output, quality, greyscale, page, scheme, and the sides; the service adds the rest.
        theme: of the page; None = it is shown as it is.
        fallback: what is answered where there is none.
        is_exact: whether the page has another colour than the theme's own.
    """

    subject: Subject
    size_px: int
    spec: TransformSpec
    theme: Theme | None = None
    fallback: Fallback = Fallback.MONOGRAM
    is_exact: bool = False


class LogoServed(Struct, frozen=True):
    """
    An answer; whoever gets it lets *served* go.

    Attributes:
        served: the picture.
        source: how it was found, such as ``link-icon``; or what stands in for it, such as ``monogram``.
        domain: whose it is; empty = of no domain.
        fresh_until: unix seconds: when it will be looked for again.
        url: where it was found, fit to be shown; None = nowhere.
        is_fallback: whether it only stands in.
        look: what was seen of the logo (:meth:`imgsvc.model.look.Look.to_text`), where the answer itself does not say.
    """

    served: Served
    source: str
    domain: str
    fresh_until: float
    url: str | None = None
    is_fallback: bool = False
    look: str = ""


class Verdict(Struct, frozen=True):
    """
    Whether a picture is one of those that stand for any site.

    Attributes:
        is_generic: whether it is.
        reason: what gave it away: ``digest``, ``hash``, ``pixels``, ``blank``; empty = nothing.
        name: of what it was recognised as; empty = of nothing.
        similarity: to that, 0–1.
        confidence: how sure that is, 0–1.
    """

    is_generic: bool
    reason: str = ""
    name: str = ""
    similarity: float = 0.0
    confidence: float = 0.0
