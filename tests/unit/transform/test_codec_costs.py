"""The tables of what reading and writing take."""

from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.transform.codec_costs import DECODERS, ENCODERS


def test_every_format_has_its_line() -> None:
    """Nothing that is read or written is without a cost."""
    assert set(DECODERS) == set(ImageFormat)
    assert set(ENCODERS) == {f for f in ImageFormat if CAPABILITIES[f].encodable}


def test_transparency_never_costs_less() -> None:
    """An encoder holds more for four bands than for three, or the same where it has its own way with them."""
    for cost in ENCODERS.values():
        assert cost.moving <= cost.moving_alpha
        assert cost.finishing <= cost.finishing_alpha
        assert cost.animated <= cost.animated_alpha
