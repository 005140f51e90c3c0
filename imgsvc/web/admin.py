"""Who may do what only the operator may: whoever bears IMGSVC_ADMIN_TOKEN."""

import hmac

from aiohttp import web
from multidict import istr

from imgsvc.errors import ObjectNotFound, Unauthorized
from imgsvc.settings import ServerSettings

AUTHORIZATION = istr("Authorization")


def is_admin(request: web.Request, server: ServerSettings) -> bool:
    """Whether *request* bears the admin token; nobody does where none is set."""
    if server.admin_token is None:
        return False
    scheme, _, given = request.headers.get(AUTHORIZATION, "").partition(" ")
    token = server.admin_token.reveal().encode()
    is_right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token)
    return is_right and scheme.lower() == "bearer"


def require_admin(request: web.Request, server: ServerSettings) -> None:
    """
    Let only the bearer of the admin token pass.

    Raises:
        ObjectNotFound: no token is set, so there is no such route.
        Unauthorized: another token, or none, was given.
    """
    if server.admin_token is None:
        raise ObjectNotFound("There is nothing here; admin routes need IMGSVC_ADMIN_TOKEN to be set.")
    if not is_admin(request, server):
        raise Unauthorized("This route needs the bearer token set by IMGSVC_ADMIN_TOKEN.")
