"""Who may ask for what: allow list, signature, site, loop."""

import pytest

from imgsvc.errors import AddressNotPublic, BadSignature, PortNotAllowed, SignatureExpired, SourceNotAllowed
from imgsvc.model.hosts import normalise_url
from imgsvc.model.source import Source
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.origin.signature import Signer
from imgsvc.services.access import AccessService, Grant
from imgsvc.settings import AccessSettings, OriginSettings
from tests.support.spine_parts import START, Clock

PATH = "/api/cache/images"
LISTED = Source("https://a.listed.test/x.png")
UNLISTED = Source("https://unlisted.test/x.png")
STORED = Source.stored("images/logos/a.png")
SIGNER = Signer(["key"])


def access(
    allowed: str = "*.listed.test", keys: tuple[str, ...] = ("key",), clock=None, aliases: tuple[Source, ...] = ()
) -> AccessService:
    settings = AccessSettings.from_env({"IMGSVC_ALLOWED_HOSTS": allowed})
    guard = LoopGuard(instance_id="me")
    policy = SourcePolicy(settings, OriginSettings(), guard)
    return AccessService(
        settings, Signer(keys), policy, guard, is_alias=lambda source: source in aliases, clock=clock or Clock()
    )


def signed(source: Source, **more: str) -> tuple[tuple[str, str], ...]:
    pairs = [("url", source.url), *more.items()]
    return (*pairs, ("sig", SIGNER.sign(PATH, pairs)))


def test_the_allow_list():
    """Without a signature only what is listed passes; the refusal names the setting."""
    assert access().check(PATH, (), LISTED, signed=False) == Grant(None)
    with pytest.raises(SourceNotAllowed, match="IMGSVC_ALLOWED_HOSTS"):
        access().check(PATH, (), UNLISTED, signed=False)


def test_a_signature_opens_what_is_not_listed():
    """A right signature stands for a place in the list."""
    assert access("").check(PATH, signed(UNLISTED), UNLISTED, signed=True) == Grant(None, is_listed=False)


@pytest.mark.parametrize("source", [LISTED, UNLISTED, STORED])
def test_a_wrong_signature_is_never_ignored(source):
    """Path, parameters and key have to fit, for listed sources too."""
    pairs = signed(source)
    wrong = [("/other", pairs), (PATH, (*pairs, ("w", "1"))), (PATH, (*pairs[:-1], ("sig", ""))), (PATH, pairs[:-1])]
    for path, sent in wrong:
        with pytest.raises(BadSignature):
            access("*.listed.test,store:").check(path, sent, source, signed=True)
    with pytest.raises(BadSignature):
        access(keys=()).check(PATH, pairs, source, signed=True)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1/x", AddressNotPublic),
        ("http://[::1]/x", AddressNotPublic),
        ("https://unlisted.test:22/x", PortNotAllowed),
    ],
)
def test_a_signature_opens_no_private_address(url, error):
    """Whoever holds a key may name public sources, and no others."""
    source = Source(url)

    with pytest.raises(error):
        access().check(PATH, signed(source), source, signed=True)


def test_stored_objects_need_a_signature_or_the_setting():
    """``*`` means hosts, not our own store."""
    with pytest.raises(SourceNotAllowed, match="store:"):
        access("*").check(PATH, (), STORED, signed=False)

    assert access("store:").check(PATH, (), STORED, signed=False) == Grant(None)
    assert access("").check(PATH, signed(STORED), STORED, signed=True) == Grant(None)


def test_grants_end_with_their_signature():
    """A grant holds until, not at, the second the signature names; then the request is refused."""
    clock = Clock()
    service = access(clock=clock)
    pairs = signed(UNLISTED, exp=str(int(START) + 10))

    grant = service.check(PATH, pairs, UNLISTED, signed=True)
    clock.forward(9.5)
    last = service.is_current(grant)
    clock.forward(0.5)

    assert (grant.expires_at, last, service.is_current(grant)) == (START + 10, True, False)
    assert service.is_current(Grant(None))
    with pytest.raises(SignatureExpired):
        service.check(PATH, pairs, UNLISTED, signed=True)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://site.test/a.png", True),
        ("https://site.test:443/a.png", True),
        ("http://site.test/a.png", False),
        ("https://site.test:8443/a.png", False),
        ("https://www.site.test/a.png", False),
    ],
)
def test_a_sites_own_pictures(url, allowed):
    """Scheme, host and port of the site are allowed where the route has one, and nothing near it."""
    source = Source(normalise_url(url))
    if allowed:
        access("").check(PATH, (), source, signed=False, site="https://site.test/base")
    else:
        with pytest.raises(SourceNotAllowed):
            access("").check(PATH, (), source, signed=False, site="https://site.test/base")
    with pytest.raises(SourceNotAllowed):
        access("").check(PATH, (), source, signed=False)


@pytest.mark.parametrize(
    ("via", "own"),
    [
        ("1.1 imgsvc-me", True),
        ("1.0 proxy, 1.1 imgsvc-me (comment)", True),
        ("1.1 imgsvc-you", False),
        ("", False),
        ("1.1 imgsvc-me2", False),
    ],
)
def test_what_came_back(via, own):
    """Only our own pseudonym in ``Via`` shows a loop, wherever in the list."""
    if own:
        with pytest.raises(SourceNotAllowed):
            access().refuse_own(via)
    else:
        access().refuse_own(via)


def test_what_the_operator_names_needs_neither_list_nor_signature():
    """It counts as signed: any public source passes, and any object of the store."""
    for source in (LISTED, UNLISTED, STORED):
        access("", keys=()).check_for_operator(source)


@pytest.mark.parametrize(
    ("url", "error"), [("http://127.0.0.1/x", AddressNotPublic), ("https://unlisted.test:22/x", PortNotAllowed)]
)
def test_what_the_operator_names_is_no_way_inside(url, error):
    """Port and address are judged as for everybody."""
    with pytest.raises(error):
        access().check_for_operator(Source(url))


def test_what_has_a_name_of_its_own_has_no_other():
    """An alias is refused to everybody, listed or signed or named by the operator."""
    judging = access("*", aliases=(LISTED,))
    for check in (
        lambda: judging.check(PATH, (), LISTED, signed=False),
        lambda: judging.check(PATH, signed(LISTED), LISTED, signed=True),
        lambda: judging.check_for_operator(LISTED),
    ):
        with pytest.raises(SourceNotAllowed, match="by its id"):
            check()
    assert judging.check(PATH, (), UNLISTED, signed=False) == Grant(None)
