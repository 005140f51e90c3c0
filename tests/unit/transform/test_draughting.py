"""Having drawings drawn."""

from imgsvc.settings import TransformSettings
from imgsvc.transform.draughting import SVG_WORKER_BYTES, Draughting
from imgsvc.transform.geometry import Size
from tests.support import pictures
from tests.unit.transform.svg_renderers import renderer, workers


async def test_each_size_is_drawn() -> None:
    """In the order they were asked in, from one document; its natural size stays what it is."""
    async with renderer() as svg:
        drawings = await Draughting(TransformSettings(), svg).draw(
            pictures.SVG, (40.0, 20.0), [Size(8, 4), Size(200, 100)]
        )
    assert [drawing.size for drawing in drawings] == [Size(8, 4), Size(200, 100)]
    assert {(drawing.width, drawing.height) for drawing in drawings} == {(40.0, 20.0)}
    assert [len(drawing.pixels) for drawing in drawings] == [8 * 4 * 4, 200 * 100 * 4]


async def test_a_worker_is_paid_for_by_who_needs_it_first() -> None:
    """Then it is part of the resident size."""
    async with renderer() as svg:
        subject = Draughting(TransformSettings(), svg)
        assert subject.worker_bytes == SVG_WORKER_BYTES
        await subject.draw(pictures.SVG, (40.0, 20.0), [Size(8, 4)])
        assert subject.worker_bytes == 0


async def test_only_a_renderer_of_its_own_is_closed() -> None:
    """One that was given is its owner's."""
    async with renderer() as svg:
        for given in (svg, None):
            subject = Draughting(TransformSettings(), given)
            await subject.draw(pictures.SVG, (40.0, 20.0), [Size(8, 4)])
            await subject.aclose()
        assert (await svg.render(pictures.SVG, 8, 4)).width == 8
        assert workers() == {svg.statistics().worker_pid}
