"""What is said of a picture instead of showing it, as JSON has it."""

from typing import TypedDict


class Description(TypedDict):
    """
    A source as it is; the answer to ``f=json``.

    Attributes:
        width: in px, upright.
        height: likewise.
        format: name of the source's format.
        pages: frames of an animation; 1 = a still.
        has_alpha: whether it has an alpha channel.
        orientation: EXIF's, 1–8.
        bytes: size of the source.
        dominant_color: ``#rrggbb``.
        thumbhash: in standard base64.
    """

    width: int
    height: int
    format: str
    pages: int
    has_alpha: bool
    orientation: int
    bytes: int
    dominant_color: str
    thumbhash: str


class StandIn(TypedDict):
    """
    Something tiny to show while a picture loads; the answer to ``placeholder``.

    Attributes:
        width: in px, of the picture that was asked for.
        height: likewise.
        placeholder: a ThumbHash in standard base64, ``#rrggbb`` or a data URL.
    """

    width: int
    height: int
    placeholder: str
