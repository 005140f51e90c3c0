"""Requests of our own that came back."""

from aiohttp import web
from multidict import istr

from imgsvc.services.access import AccessService

VIA = istr("Via")


def refuse_loops(request: web.Request, access: AccessService) -> None:
    """
    Refuse what this very process sent out, whatever proxies are between.

    Raises:
        SourceNotAllowed: it did.
    """
    if VIA in request.headers:
        # A proxy may add a field of its own instead of lengthening ours (RFC 9110 §5.3).
        access.refuse_own(", ".join(request.headers.getall(VIA)))
