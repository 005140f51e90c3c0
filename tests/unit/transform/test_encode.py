"""Which format and which quality."""

import pytest

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.transform.encode import choose_format, choose_quality
from imgsvc.transform.probe import ImageInfo

BUDGET = 1000


def chosen(output: Output, source: ImageFormat, *, alpha=False, animated=False, pixels=1) -> ImageFormat:
    info = ImageInfo(image_format=source, width=1, height=1, has_alpha=alpha)
    return choose_format(output, info, animated=animated, pixels=pixels, avif_max_pixels=BUDGET)


@pytest.mark.parametrize("source", ImageFormat)
def test_a_named_format_is_given(source) -> None:
    """What is asked for by name is answered whatever the source is."""
    assert chosen(Output.JPEG, source, animated=True) is ImageFormat.JPEG
    assert chosen(Output.AVIF, source, pixels=BUDGET + 1) is ImageFormat.AVIF


@pytest.mark.parametrize(
    ("source", "alpha", "answer"),
    [
        (ImageFormat.JPEG, False, ImageFormat.JPEG),
        (ImageFormat.PNG, True, ImageFormat.PNG),
        (ImageFormat.WEBP, True, ImageFormat.WEBP),
        (ImageFormat.GIF, True, ImageFormat.GIF),
        (ImageFormat.AVIF, True, ImageFormat.AVIF),
        (ImageFormat.TIFF, False, ImageFormat.JPEG),
        (ImageFormat.TIFF, True, ImageFormat.PNG),
        (ImageFormat.BMP, False, ImageFormat.JPEG),
        (ImageFormat.BMP, True, ImageFormat.PNG),
        (ImageFormat.ICO, True, ImageFormat.PNG),
        (ImageFormat.CUR, False, ImageFormat.PNG),
        (ImageFormat.SVG, True, ImageFormat.PNG),
    ],
)
def test_the_source_s_own_class_gives_what_browsers_show(source, alpha, answer) -> None:
    """Formats that no browser shows, or that cannot be written, become PNG or JPEG."""
    assert chosen(Output.AUTO_SOURCE, source, alpha=alpha) is answer


@pytest.mark.parametrize(
    ("source", "answer"),
    [(f, ImageFormat.PNG) for f in (ImageFormat.SVG, ImageFormat.ICO, ImageFormat.CUR, ImageFormat.BMP)]
    + [(f, f) for f in (ImageFormat.TIFF, ImageFormat.JPEG, ImageFormat.GIF)],
)
def test_original_is_the_source_s_format_where_there_is_an_encoder(source, answer) -> None:
    """A TIFF stays a TIFF; what cannot be written becomes PNG."""
    assert chosen(Output.ORIGINAL, source) is answer


def test_avif_has_a_budget_and_no_animation() -> None:
    """The best class gives WebP above the pixel budget and for animations."""
    assert chosen(Output.AUTO_AVIF, ImageFormat.JPEG, pixels=BUDGET) is ImageFormat.AVIF
    assert chosen(Output.AUTO_AVIF, ImageFormat.JPEG, pixels=BUDGET + 1) is ImageFormat.WEBP
    assert chosen(Output.AUTO_AVIF, ImageFormat.GIF, animated=True) is ImageFormat.WEBP
    assert chosen(Output.AUTO_WEBP, ImageFormat.GIF) is ImageFormat.WEBP


@pytest.mark.parametrize("output", [Output.AUTO_PLAIN, Output.AUTO_AVIF_PLAIN])
def test_who_refuses_webp_gets_none(output) -> None:
    """Neither for want of AVIF, nor because the source is one: JPEG, PNG where it may be clear, GIF where it moves."""
    too_many = BUDGET + 1
    assert chosen(output, ImageFormat.JPEG, pixels=too_many) is ImageFormat.JPEG
    assert chosen(output, ImageFormat.GIF, animated=True) is ImageFormat.GIF
    assert chosen(output, ImageFormat.TIFF, alpha=True, pixels=too_many) is ImageFormat.PNG
    for source in (ImageFormat.WEBP, ImageFormat.AVIF):
        assert chosen(output, source, pixels=too_many) is ImageFormat.JPEG
        assert chosen(output, source, alpha=True, pixels=too_many) is ImageFormat.PNG
        assert chosen(output, source, animated=True) is ImageFormat.GIF
    small = chosen(output, ImageFormat.JPEG)
    assert small is (ImageFormat.AVIF if output is Output.AUTO_AVIF_PLAIN else ImageFormat.JPEG)


@pytest.mark.parametrize(
    ("spec", "image_format", "quality"),
    [
        (TransformSpec(), ImageFormat.WEBP, 79),
        (TransformSpec(), ImageFormat.AVIF, 60),
        (TransformSpec(), ImageFormat.JPEG, 80),
        (TransformSpec(quality=1), ImageFormat.JPEG, 1),
        (TransformSpec(save_data=True), ImageFormat.WEBP, 59),
        (TransformSpec(save_data=True, quality=70), ImageFormat.WEBP, 70),
        (TransformSpec(quality=50), ImageFormat.PNG, None),
    ],
)
def test_quality(spec, image_format, quality) -> None:
    """The format's default, lowered for Save-Data, unless one is asked for."""
    assert choose_quality(spec, image_format) == quality
