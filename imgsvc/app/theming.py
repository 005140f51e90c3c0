"""Sight for the transforms, which its room is loaded for when the first picture has to read on a page."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imgsvc.model.colours import Colour

if TYPE_CHECKING:
    from imgsvc.vision.theming import PageSight


class LateTheming:
    """``vision``'s :class:`~imgsvc.vision.theming.PageTheming`, loaded by the thread that asks first."""

    def see(self, image: Any, page: Colour) -> "PageSight":
        """Look at a small picture, and at how it reads on *page*."""
        from imgsvc.vision.theming import PageTheming  # noqa: PLC0415 - see the module

        return PageTheming().see(image, page)

    def adapt(self, image: Any, page: Colour, watch: Callable[[Any], Any]) -> Any | None:
        """Make a picture read on *page*; None when nothing was to be done."""
        from imgsvc.vision.theming import PageTheming  # noqa: PLC0415 - see the module

        return PageTheming().adapt(image, page, watch)
