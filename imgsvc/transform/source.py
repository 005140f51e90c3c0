"""A picture that can be opened as often and as small as the pipeline likes."""

from typing import Any, Protocol

from msgspec import Struct

from imgsvc.model.formats import ImageFormat
from imgsvc.transform.body import Body, size_of, whole
from imgsvc.transform.limits import Limits, check_size
from imgsvc.transform.loaders import ALL_PAGES, open_page
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.runtime import KillSwitch


class PixelSource(Protocol):
    """What the pipeline reads from; may be read several times."""

    @property
    def info(self) -> ImageInfo:
        """What the header says."""

    @property
    def natural_px(self) -> tuple[float, float]:
        """Width and height as oriented; a drawing's need not be whole."""

    @property
    def scalable(self) -> bool:
        """Whether it is a drawing, which loses nothing when enlarged."""

    @property
    def size_bytes(self) -> int:
        """How many bytes the source has; 0 when that is not known."""

    @property
    def body(self) -> Body | None:
        """The source's own bytes; None when they pass by but once."""

    def frames(self, switch: KillSwitch, *, shrink: float = 1.0, every: bool = False) -> list[Any]:
        """
        Open the frames, or only the first.

        Args:
            switch: stops the reading.
            shrink: by how much they will be shrunk at the least, 1 or more.
            every: all frames of an animation; they may then only be read in their order, each from top to bottom.
        """


class FileSource(Struct, frozen=True):
    """
    A file, in memory or not, that libvips reads; it is opened when frames are asked for.

    Attributes:
        is_strict: as :func:`~imgsvc.transform.loaders.open_page` has it.
    """

    body: Body
    info: ImageInfo
    scalable: bool = False
    is_strict: bool = False

    @property
    def size_bytes(self) -> int:
        """Known from the beginning."""
        return size_of(self.body)

    @property
    def natural_px(self) -> tuple[float, float]:
        """As the header says."""
        return self.info.width, self.info.height

    def frames(self, switch: KillSwitch, *, shrink: float = 1.0, every: bool = False) -> list[Any]:
        """Open the file anew: what is read from top to bottom can be read but once."""
        if not every:
            image = open_page(self.body, self.info.image_format, shrink=shrink, is_strict=self.is_strict)
            return [switch.watch(image)]
        roll = switch.watch(open_page(self.body, self.info.image_format, pages=ALL_PAGES))
        height = roll.get_page_height()
        return [roll.crop(0, top, roll.width, height) for top in range(0, roll.height, height)]


class MemorySource(Struct, frozen=True):
    """Frames that are already in memory."""

    body: Body | None
    info: ImageInfo
    images: tuple[Any, ...]
    natural_px: tuple[float, float]
    scalable: bool = False

    @property
    def size_bytes(self) -> int:
        """Of what the frames come from."""
        return 0 if self.body is None else size_of(self.body)

    def frames(self, switch: KillSwitch, *, shrink: float = 1.0, every: bool = False) -> list[Any]:
        """Give what is there; nothing is left to shrink while reading."""
        del shrink
        return [switch.watch(image) for image in (self.images if every else self.images[:1])]


def contained_source(body: Body, image_format: ImageFormat, limits: Limits) -> MemorySource:
    """
    Decode a container's largest picture.

    Raises:
        CorruptImage: it is broken.
        ImageTooLarge: it is over the limits.
    """
    from imgsvc.transform.containers import open_container  # noqa: PLC0415 - brings Pillow; most never need it

    image = open_container(whole(body), image_format, limits)
    check_size(image.width, image.height, limits)
    info = ImageInfo(
        image_format=image_format, width=image.width, height=image.height, has_alpha=bool(image.hasalpha())
    )
    return MemorySource(body, info, (image,), (image.width, image.height))
