"""Requests already understood: remembered, but never longer than they hold and never without bounds."""

from urllib.parse import quote

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import InvalidRequest, SignatureExpired, SourceNotAllowed
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.origin.signature import Signer
from imgsvc.services.access import AccessService
from imgsvc.settings import AccessSettings, OriginSettings
from imgsvc.web.questions import Questions, Understood, by_url
from imgsvc.web.remembered import REMEMBERED, REMEMBERED_CHARS
from tests.support.spine_parts import START, Clock

PATH = "/api/cache/images"
URL = f"{PATH}?url=https://a.listed.test/x.png"
SIGNER = Signer(["key"])


def questions(clock: Clock | None = None, **more) -> Questions:
    settings = AccessSettings.from_env({"IMGSVC_ALLOWED_HOSTS": "*.listed.test"})
    guard = LoopGuard()
    policy = SourcePolicy(settings, OriginSettings(), guard)
    access = AccessService(settings, SIGNER, policy, guard, clock=clock or Clock())
    parse, is_next = by_url(**({"width_ladder": False} | more)), more.get("relative", False)
    return Questions(access, parse, site_url=more.get("site_url") if is_next else None, for_next=is_next)


def ask(asked: Questions, target: str, **headers: str) -> Understood:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asked.understand(make_mocked_request("GET", target, headers=named))


def test_equal_requests_are_understood_once():
    """The same target and headers give the very same object; headers that do not decide play no part."""
    asked = questions()
    first = ask(asked, f"{URL}&w=10", Accept="image/webp")

    assert ask(asked, f"{URL}&w=10", Accept="image/webp", User_Agent="x") is first


@pytest.mark.parametrize("name", ["Accept", "Save-Data", "Sec-CH-DPR", "Sec-CH-Width"])
def test_each_header_that_may_decide_is_looked_at(name):
    """A header that may change the answer makes another question."""
    asked = questions()
    plain = ask(asked, f"{URL}&w=10")
    value = {"Accept": "image/avif", "Save-Data": "on"}.get(name, "2")

    other = ask(asked, f"{URL}&w=10" if name != "Sec-CH-Width" else URL, **{name: value})

    assert other.request.key != plain.request.key


def test_refusals_are_not_remembered():
    """What is wrong or not allowed is so each time, and takes no room."""
    asked = questions()
    for target, error in ((f"{URL}&w=x", InvalidRequest), (f"{PATH}?url=https://b.test/", SourceNotAllowed)):
        for _ in range(2):
            with pytest.raises(error):
                ask(asked, target)

    assert not asked._remembered


def test_a_remembered_grant_ends_with_its_signature():
    """A request that was granted until a moment is refused after it."""
    clock = Clock()
    asked = questions(clock)
    pairs = [("exp", str(int(START) + 10)), ("url", "https://unlisted.test/x.png")]
    target = f"{PATH}?{'&'.join(f'{k}={quote(v)}' for k, v in pairs)}&sig={SIGNER.sign(PATH, pairs)}"

    assert ask(asked, target).grant.expires_at == START + 10
    clock.forward(10)

    with pytest.raises(SignatureExpired):
        ask(asked, target)


@pytest.mark.slow
def test_memory_is_bounded_by_count_and_length():
    """Neither many nor long requests hold much."""
    asked = questions()
    for n in range(REMEMBERED + 10):
        ask(asked, f"{URL}&v={n}")
    assert len(asked._remembered) == REMEMBERED

    long = ask(asked, f"{URL}&x={'y' * REMEMBERED_CHARS}")
    padded = ask(asked, f"{URL}&w=10", Accept="image/webp," + "z" * REMEMBERED_CHARS)

    assert not {id(long), id(padded)} & {id(known) for known in asked._remembered.values()}


def test_headers_are_finished():
    """What decided and what was ignored is said in finished headers, and only then."""
    asked = questions()

    headers = dict(ask(asked, f"{URL}&w=10&a=1&b=2&a=3", Save_Data="on").headers)

    assert headers == {"Vary": "Accept, Save-Data", "X-Ignored-Params": "a, b"}
    assert ask(asked, f"{URL}&f=png").headers == ()


@given(st.lists(st.text(max_size=100), max_size=30))
def test_ignored_names_are_fit_for_a_header(names):
    """Whatever the names of unknown parameters hold, the header is short printable ASCII."""
    query = "".join(f"&zz{quote(name, safe='', errors='replace')}=1" for name in names)

    for _, value in ask(questions(), URL + query).headers:
        assert value.isascii()
        assert value.isprintable()
        assert len(value) <= 16 * 66


def test_relative_urls_belong_to_the_routes_that_take_them():
    """Only Next's route resolves a path against the site, and the site's own pictures are allowed there alone."""
    site = {"site_url": "https://site.test"}
    nexts = questions(relative=True, **site)

    understood = ask(nexts, "/_next/image?url=/a.png&w=16")

    assert understood.for_next
    assert understood.request.source.url == "https://site.test/a.png"
    with pytest.raises(InvalidRequest):
        ask(questions(**site), f"{PATH}?url=/a.png")
    with pytest.raises(SourceNotAllowed):
        ask(questions(**site), f"{PATH}?url=https://site.test/a.png")


def test_the_ladder_is_for_the_unsigned():
    """Widths snap up where nobody signed for them."""
    asked = questions(width_ladder=True)
    pairs = [("url", "https://a.listed.test/x.png"), ("w", "100")]
    signed = f"{PATH}?url=https://a.listed.test/x.png&w=100&sig={SIGNER.sign(PATH, pairs)}"

    assert ask(asked, f"{URL}&w=100").request.spec.width == 128
    assert ask(asked, signed).request.spec.width == 100
