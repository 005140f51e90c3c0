"""Drawings that take longer than anybody waits."""

from tests.integration.test_refusals import check_problem
from tests.support import pictures
from tests.support.service import running_service

COSTLY = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="2000"><filter id="f"><feTurbulence numOctaves="9"/>'
    + b'<feMorphology operator="dilate" radius="60"/>' * 20
    + b'</filter><rect width="2000" height="2000" filter="url(#f)"/></svg>'
)


async def test_a_drawing_that_takes_for_ever_is_paid_for_once(origin, tmp_path):
    """It is too large for its time, kept so by caches, and known at other sizes; no other drawing waits for it."""
    origin.serve("/costly.svg", COSTLY)
    origin.serve("/plain.svg", pictures.SVG)
    async with running_service(tmp_path, origin.port, IMGSVC_TRANSFORM_TIMEOUT="4") as service:
        answers = [await service.image(origin.url("/costly.svg"), w=width) for width in (2000, 2000, 1999)]
        plain = await service.image(origin.url("/plain.svg"), w=50)
        svg = (await service.request("GET", "/api/health/metrics")).json()["queue"]["svg"]

    for answer in answers:
        check_problem(answer, 422, "too-many-pixels", "w")
        assert 800 < answer.max_age <= 900
    assert plain.status == 200
    assert (svg["timed_out"], svg["recalled"], svg["spawned"]) == (1, 2, 2)
