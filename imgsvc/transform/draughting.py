"""Having drawings drawn, at as many sizes as are needed."""

from collections.abc import Sequence

from imgsvc.settings import TransformSettings
from imgsvc.transform.drawing import Drawing
from imgsvc.transform.geometry import Size
from imgsvc.transform.svg import SvgRenderer

SVG_WORKER_BYTES = 25 * 1024 * 1024
"""Resident size of a worker that draws SVG and has drawn nothing large yet."""


class Draughting:
    """
    Draws SVG by a renderer.

    Args:
        settings: limits and deadline.
        svg: whoever gives it closes it. None: it is made here, and closed by :meth:`aclose`.
    """

    def __init__(self, settings: TransformSettings, svg: SvgRenderer | None) -> None:
        self._svg = svg or SvgRenderer(timeout_seconds=settings.timeout_seconds, max_pixels=settings.max_pixels)
        self._owns_svg = svg is None

    @property
    def worker_bytes(self) -> int:
        """What the next drawing takes beside itself; a worker that is there already is part of the resident size."""
        return 0 if self._svg.statistics().worker_pid else SVG_WORKER_BYTES

    async def draw(self, data: bytes, natural_px: tuple[float, float], sizes: Sequence[Size]) -> list[Drawing]:
        """Draw a sanitised SVG at each of *sizes*, in turn; raises as :meth:`SvgRenderer.render`."""
        return [await self._drawn(data, natural_px, size) for size in sizes]

    async def aclose(self) -> None:
        """End the renderer, if it is our own."""
        if self._owns_svg:
            await self._svg.aclose()

    async def _drawn(self, data: bytes, natural_px: tuple[float, float], size: Size) -> Drawing:
        raster = await self._svg.render(data, size.width, size.height)
        return Drawing(*natural_px, raster.data, Size(raster.width, raster.height))
