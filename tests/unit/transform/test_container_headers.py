"""Headers of icons, read without their pictures."""

import struct
import tracemalloc

from imgsvc.model.formats import ImageFormat
from imgsvc.transform.container_headers import largest_entry, read_size
from imgsvc.transform.limits import Limits
from tests.support import pictures

LIMITS = Limits(max_pixels=1_000_000, max_animation_pixels=1_000_000, max_frames=10, max_side_px=2000)
ENTRIES = 256


def test_pictures_that_lie_over_one_another_are_not_all_copied() -> None:
    """A directory full of entries, each as long as the file, is measured without a copy of any of them."""
    payload = pictures.png() + bytes(4 * 1024 * 1024)
    entry = struct.pack("<BBBBHHII", 64, 48, 0, 0, 1, 32, len(payload), 6 + 16 * ENTRIES)
    data = struct.pack("<HHH", 0, 1, ENTRIES) + entry * ENTRIES + payload
    tracemalloc.start()
    try:
        assert read_size(data, ImageFormat.ICO, LIMITS) == (64, 48)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most_bytes < len(payload)
    assert largest_entry(data, LIMITS).payload == payload
