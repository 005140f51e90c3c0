"""Candidates that have arrived, and pictures that are asked about."""

import pytest

from imgsvc.errors import (
    CircuitOpen,
    ImageTooLarge,
    InvalidRequest,
    MemoryPressure,
    NotAnImage,
    OriginTimeout,
    SourceNotAllowed,
    SourceNotFound,
    SourceTooLarge,
    TransformTimeout,
)
from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.logos.score import Reason
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme
from imgsvc.origin.answer import Validators
from imgsvc.services.fetches import Arrived
from imgsvc.services.logos.judging import Judge, out, reason_of
from tests.support.logos import blank, blown_up, globe, mark, mark_svg, template

HOST = "acme.test"
CANDIDATE = Candidate("https://acme.test/a.png", LogoSource.LINK_ICON)


@pytest.fixture
def judge(world) -> Judge:
    return Judge(world.parts.inspector, world.parts.transforms)


def arrived(data: bytes) -> Arrived:
    return Arrived(data, None, Validators(url=CANDIDATE.url))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (mark(15), Reason.TOO_SMALL), (blank(), Reason.BLANK), (globe(), Reason.GENERIC_ICON),
        (blown_up(), Reason.UPSCALED), (mark(16), None), (mark(700), None), (mark_svg(), None),
        (mark_svg(side_px=4), None), (mark(64, "#c00", "#fff"), None),
    ],
    ids=["small", "blank", "globe", "blown up", "16 px", "700 px", "drawing", "tiny drawing", "tile"],
)  # fmt: skip
async def test_reasons(judge, data, reason):
    """Each is out for what is wrong with it; only those in the race keep their picture."""
    seen = await judge.seen(CANDIDATE, arrived(data), HOST)

    assert seen.measured.reason is reason
    assert (seen.picture is None) is (reason is not None)


async def test_what_is_known_of_a_picture(judge):
    """Size, format, digests and colours are those of the bytes that are kept."""
    picture = (await judge.seen(CANDIDATE, arrived(mark(100)), HOST)).picture

    assert (picture.width_px, picture.height_px, picture.image_format) == (100, 100, ImageFormat.PNG)
    assert picture.sha256 == picture.sent_sha256
    assert picture.lost_on() == {Theme.DARK}
    assert picture.analysis.contrast_light == 21


async def test_a_drawing_is_kept_sanitised(judge):
    """What is kept of a drawing is not what was sent, and both digests are known."""
    evil = mark_svg().replace(b"<path", b"<script>1</script><path")

    picture = (await judge.seen(CANDIDATE, arrived(evil), HOST)).picture

    assert b"script" not in picture.data
    assert picture.sha256 != picture.sent_sha256


async def test_verdicts(judge):
    """A globe is recognised, a blank picture is named as that, a logo is neither."""
    found, empty, logo = [await judge.verdict(data) for data in (globe(40), blank(), mark(64, "#c00"))]

    assert (found.is_generic, found.reason in ("digest", "hash", "pixels")) == (True, True)
    assert found.name
    assert 0.5 <= found.confidence <= 1
    assert (empty.is_generic, empty.reason) == (False, "blank")
    assert (logo.is_generic, logo.reason) == (False, "")


async def test_a_framework_s_icon_is_its_own_logo(judge):
    """What a template came with is out for any site but the framework's, and so it is where nobody says whose it is."""
    reasons = [
        (await judge.seen(CANDIDATE, arrived(template()), host)).measured.reason
        for host in ("acme.test", "vite.dev", "cn.vite.dev", "notvite.dev")
    ]
    verdicts = [await judge.verdict(template(), host=host) for host in ("", "acme.test", "vite.dev")]

    assert reasons == [Reason.GENERIC_ICON, None, None, Reason.GENERIC_ICON]
    assert [verdict.is_generic for verdict in verdicts] == [True, True, False]
    assert (verdicts[0].reason, verdicts[0].name) == ("pixels", "create-vite 6 vite.svg")
    assert 0.5 <= verdicts[0].confidence <= 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SourceNotAllowed("x"), Reason.FORBIDDEN), (SourceNotFound("x"), Reason.UNREACHABLE),
        (OriginTimeout("x"), Reason.UNREACHABLE), (CircuitOpen("x"), Reason.UNREACHABLE),
        (SourceTooLarge("x"), Reason.TOO_LARGE), (ImageTooLarge("x"), Reason.TOO_LARGE),
        (NotAnImage("x"), Reason.NOT_AN_IMAGE), (TransformTimeout("x"), Reason.TOO_LARGE),
        (InvalidRequest("x"), Reason.UNREACHABLE),
    ],
)  # fmt: skip
def test_errors(error, reason):
    """What a source did wrong is why its candidate is out; what this process lacks is not."""
    assert reason_of(error) is reason
    assert out(CANDIDATE, reason).measured.reason is reason
    assert reason_of(MemoryPressure("x")) is None
