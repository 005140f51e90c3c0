"""Opening, and shrinking while reading."""

import pytest
import pyvips

from imgsvc.model.formats import ImageFormat
from imgsvc.transform.loaders import ALL_PAGES, open_page
from tests.support import pictures


@pytest.mark.parametrize(
    ("shrink", "width"), [(1, 640), (3.9, 640), (4, 320), (8, 160), (15.9, 160), (16, 80), (100, 80)]
)
def test_jpeg_is_shrunk_by_powers_of_two(shrink, width) -> None:
    """The decoder leaves a factor of two for the resize and never gives less than is wanted."""
    data = pictures.jpeg(pictures.quarters(640, 480))
    assert open_page(data, ImageFormat.JPEG, shrink=shrink).width == width


def test_webp_is_shrunk_to_size() -> None:
    """WebP's decoder does it all."""
    assert open_page(pictures.webp(pictures.quarters(640, 480)), ImageFormat.WEBP, shrink=4).width == 160


@pytest.mark.parametrize("image_format", [ImageFormat.PNG, ImageFormat.GIF, ImageFormat.AVIF, ImageFormat.TIFF])
def test_others_are_read_whole(image_format) -> None:
    """Formats whose decoders cannot shrink give all pixels."""
    assert open_page(pictures.RASTERS[image_format](), image_format, shrink=4).width == 64


@pytest.mark.parametrize("image_format", [ImageFormat.GIF, ImageFormat.WEBP])
def test_frames_lie_below_each_other(image_format) -> None:
    """One page or all of them."""
    data = pictures.animation(image_format)
    assert open_page(data, image_format).height == 40
    assert open_page(data, image_format, pages=ALL_PAGES).height == 120


def test_what_ends_early_fails_when_read() -> None:
    """The header may be whole; the pixels are not."""
    data = pictures.jpeg(pictures.noise(300, 200))
    half = data[: len(data) // 2]  # named, for it has to live as long as the image
    image = open_page(half, ImageFormat.JPEG)
    with pytest.raises(pyvips.Error):
        image.avg()
