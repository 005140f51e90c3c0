"""Verdicts on pictures, as JSON and before the whole service."""

import pytest

from imgsvc.services.logos.answers import Verdict
from imgsvc.web.handlers.verdicts import verdict_to_json
from tests.support.pictures import png, quarters
from tests.unit.web.handlers.asking import validate


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict(is_generic=False), {"isGlobeIcon": False}),
        (
            Verdict(is_generic=True, reason="hash", name="material-public", similarity=0.98437, confidence=0.9),
            {
                "isGlobeIcon": True, "reason": "hash", "matched": "material-public", "similarity": 0.984,
                "confidence": 0.9,
            },
        ),
        (
            Verdict(is_generic=True, reason="blank", confidence=1.0),
            {"isGlobeIcon": True, "reason": "blank", "confidence": 1.0},
        ),
    ],
)  # fmt: skip
def test_what_says_nothing_is_left_out(verdict, expected):
    """Only the verdict itself is always there."""
    assert verdict_to_json(verdict) == expected


@pytest.mark.slow
async def test_verdicts(service):
    """A picture is judged the same as a file, in a form and in JSON; the verdict is nobody's to keep."""
    url = "http://acme.test/icon.png"
    answers = [
        await validate(service, image=png(quarters(64, 64))),
        await validate(service, data={"url": url}),
        await validate(service, json={"url": url}),
    ]

    for status, verdict, headers in answers:
        assert (status, verdict["isGlobeIcon"]) == (200, False)
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "status", "code", "kept"),
    [
        ({"image": b"<p>no picture"}, 415, "not-an-image", "no-store"),
        ({"image": png(quarters(64, 64))[:200]}, 422, "broken-image", "no-store"),
        ({"json": {"url": "http://acme.test/"}}, 415, "not-an-image", "public, max-age=900"),
        ({"json": {"url": "http://127.0.0.1/x.png"}}, 403, "address-not-public", "no-store"),
        ({"json": {"url": "s3://images/logos/a.png"}}, 400, "bad-parameter", "no-store"),
        ({"json": {}}, 400, "bad-parameter", "no-store"),
        ({"image": b""}, 400, "bad-parameter", "no-store"),
    ],
)
async def test_what_cannot_be_judged(service, sent, status, code, kept):
    """It is refused as anywhere else; what is wrong with a file is the request's fault, and kept by nobody."""
    answer = await validate(service, **sent)

    assert (answer[0], answer[1]["code"], answer[2]["Cache-Control"]) == (status, code, kept)
