"""Every library that pictures are decoded and encoded with, used once."""

import pyvips

from imgsvc.transform import runtime

_SIDE_PX = 64


def warm_up() -> None:
    """
    Read and write a tiny picture in every format that libvips knows here, and convert its colours; for a thread.

    Libraries are mapped and their tables made at first use: whoever comes afterwards does not wait for that.
    """
    runtime.prepare()
    picture = pyvips.Image.black(_SIDE_PX, _SIDE_PX, bands=3).copy(interpretation="srgb").copy_memory()
    for name, options in (
        ("jpeg", {"optimize_coding": True}),
        ("png", {}),
        ("webp", {"effort": 1}),
        ("gif", {"effort": 1}),
        ("tiff", {"compression": "deflate"}),
        ("heif", {"compression": "av1", "effort": 0}),
    ):
        data = pyvips.Operation.call(f"{name}save_buffer", picture, **options)
        pyvips.Operation.call(f"{name}load_buffer", data, access="sequential").resize(0.5).copy_memory()
    picture.icc_transform("p3").copy_memory()
    picture.gaussblur(1).sharpen().copy_memory()
