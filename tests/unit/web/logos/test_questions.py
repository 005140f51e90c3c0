"""Logo requests already understood."""

from urllib.parse import quote

import pytest
from aiohttp.test_utils import make_mocked_request

from imgsvc.errors import BadDomain, InvalidRequest, SignatureExpired, SourceNotAllowed
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.origin.signature import Signer
from imgsvc.services.access import AccessService
from imgsvc.settings import AccessSettings, OriginSettings
from imgsvc.web.logos.parameters import CLEARBIT, INVERT, LOGO, Shape
from imgsvc.web.logos.questions import LogoQuestions, LogoUnderstood
from tests.support.spine_parts import START, Clock
from tests.unit.web.logos.asking import subject

SIGNER = Signer(["key"])
LOGO_URL = "/api/logo?website=acme.test"
PICTURE_URL = "/api/logo/invert?url=https://a.listed.test/x.png"


def questions(shape: Shape = LOGO, clock: Clock | None = None) -> LogoQuestions:
    settings = AccessSettings.from_env({"IMGSVC_ALLOWED_HOSTS": "*.listed.test"})
    guard = LoopGuard()
    policy = SourcePolicy(settings, OriginSettings(), guard)
    return LogoQuestions(shape, subject, AccessService(settings, SIGNER, policy, guard, clock=clock or Clock()))


def ask(asked: LogoQuestions, target: str, match_info=None, **headers: str) -> LogoUnderstood:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asked.understand(make_mocked_request("GET", target, headers=named, match_info=match_info or {}))


def test_equal_requests_are_understood_once():
    """The same target and headers give the very same object; headers that do not decide play no part."""
    asked = questions()
    first = ask(asked, LOGO_URL, Accept="image/webp")

    assert ask(asked, LOGO_URL, Accept="image/webp", Sec_CH_Width="50") is first
    assert first.logo.subject.domain.host == "acme.test"
    assert (first.picture, first.grant) == (None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("Accept", "image/avif"), ("Save-Data", "on"), ("Sec-CH-DPR", "2"), ("Sec-CH-Prefers-Color-Scheme", '"dark"')],
)
def test_each_header_that_may_decide_is_looked_at(name, value):
    """A header that may change the answer makes another question."""
    asked = questions()
    plain = ask(asked, f"{LOGO_URL}&theme=auto")

    assert ask(asked, f"{LOGO_URL}&theme=auto", **{name: value}).logo.spec != plain.logo.spec


def test_a_company_is_found_by_whoever_answers():
    """A name is understood, and remembered, without being looked up."""
    asked = questions()
    understood = ask(asked, "/api/logo?company=Acme")

    assert (understood.question.company, understood.logo, understood.picture) == ("Acme", None, None)
    assert ask(asked, "/api/logo?company=Acme") is understood


def test_the_path_names_the_domain():
    """Each domain in the path is another question."""
    asked = questions(CLEARBIT)
    hosts = [
        ask(asked, f"/logo/{name}?size=64", {"domain": name}).logo.subject.domain.host for name in ("a.test", "b.test")
    ]

    assert hosts == ["a.test", "b.test"]


@pytest.mark.parametrize(
    ("shape", "target", "error", "param"),
    [
        (LOGO, "/api/logo?website=localhost", BadDomain, "website"),
        (LOGO, "/api/logo?domain=127.0.0.1", BadDomain, "domain"),
        (LOGO, f"{LOGO_URL}&size=1", InvalidRequest, "size"),
        (INVERT, "/api/logo/invert?url=https://b.test/x.png", SourceNotAllowed, "url"),
    ],
)
def test_refusals_are_not_remembered(shape, target, error, param):
    """What is wrong or not allowed is so each time, and takes no room."""
    asked = questions(shape)
    for _ in range(2):
        with pytest.raises(error) as caught:
            ask(asked, target)
        assert caught.value.param == param

    assert not asked._remembered


def test_a_picture_of_the_list():
    """What the operator allows is granted, and asked of the picture service."""
    understood = ask(questions(INVERT), f"{PICTURE_URL}&size=64")

    assert understood.logo is None
    assert understood.grant.is_listed
    assert understood.picture.source.url == "https://a.listed.test/x.png"
    assert understood.picture.spec == understood.question.spec


def test_a_remembered_grant_ends_with_its_signature():
    """A picture that was granted until a moment is refused after it."""
    clock = Clock()
    asked = questions(INVERT, clock)
    path = "/api/logo/invert"
    pairs = [("exp", str(int(START) + 10)), ("url", "https://unlisted.test/x.png")]
    target = f"{path}?{'&'.join(f'{k}={quote(v)}' for k, v in pairs)}&sig={SIGNER.sign(path, pairs)}"

    first = ask(asked, target)
    assert (first.grant.expires_at, first.grant.is_listed) == (START + 10, False)
    assert ask(asked, target) is first
    clock.forward(10)

    with pytest.raises(SignatureExpired):
        ask(asked, target)
