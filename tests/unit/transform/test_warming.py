"""Libraries used once."""

import pyvips

from imgsvc.transform.warming import warm_up


def test_every_library_is_used_and_nothing_kept() -> None:
    """It works with the loaders and savers that are there, twice as well as once, and leaves libvips set up."""
    warm_up()
    warm_up()

    assert pyvips.cache_get_size() == 0
