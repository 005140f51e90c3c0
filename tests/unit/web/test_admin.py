"""Who bears the admin's token."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from imgsvc.errors import ObjectNotFound, Unauthorized
from imgsvc.settings import ServerSettings
from imgsvc.web.admin import is_admin, require_admin

TOKEN = "s3crét"
SET = ServerSettings.from_env({"IMGSVC_ADMIN_TOKEN": TOKEN})
UNSET = ServerSettings()


def request(authorization: str | None = None):
    headers = CIMultiDict() if authorization is None else CIMultiDict(Authorization=authorization)
    return make_mocked_request("GET", "/", headers=headers)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_bearer_passes(scheme):
    """The scheme is taken in any case, as RFC 9110 says, the token as it is."""
    assert is_admin(request(f"{scheme}  {TOKEN} "), SET)
    require_admin(request(f"{scheme} {TOKEN}"), SET)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer s3cr", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN],
)
def test_nobody_else_does(authorization):
    """Another token, another scheme, or half of it: none is the admin."""
    assert not is_admin(request(authorization), SET)
    with pytest.raises(Unauthorized):
        require_admin(request(authorization), SET)


def test_without_a_token_nobody_is():
    """Unset, there is nothing to bear, and nothing there."""
    for authorization in (None, "Bearer ", "Bearer None"):
        assert not is_admin(request(authorization), UNSET)
        with pytest.raises(ObjectNotFound, match="IMGSVC_ADMIN_TOKEN"):
            require_admin(request(authorization), UNSET)
