"""Requests of our own that came back."""

import pytest
from aiohttp.test_utils import make_mocked_request

from imgsvc.errors import SourceNotAllowed
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.origin.signature import Signer
from imgsvc.services.access import AccessService
from imgsvc.settings import AccessSettings, OriginSettings
from imgsvc.web.loops import refuse_loops

GUARD = LoopGuard()
ACCESS = AccessService(AccessSettings(), Signer([]), SourcePolicy(AccessSettings(), OriginSettings(), GUARD), GUARD)


def request(*fields: str):
    return make_mocked_request("GET", "/", headers=[("Via", field) for field in fields])


@pytest.mark.parametrize("fields", [(), ("1.1 somebody",), ("1.1 a, 1.1 b", "1.0 c")])
def test_others_pass(fields):
    """Whatever proxies they came through."""
    refuse_loops(request(*fields), ACCESS)


@pytest.mark.parametrize("fields", [("{own}",), ("{own}, 1.1 a",), ("1.1 a, {own}",), ("1.1 a", "{own}", "1.1 b")])
def test_our_own_do_not(fields):
    """Even where a proxy has put a field of its own before or behind ours."""
    with pytest.raises(SourceNotAllowed):
        refuse_loops(request(*(field.format(own=GUARD.via) for field in fields)), ACCESS)
