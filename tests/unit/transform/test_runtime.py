"""libvips as it is set up, and how it is stopped."""

import logging
import threading

import pytest
import pyvips

from imgsvc.transform.runtime import Killed, KillSwitch, prepare
from tests.support import pictures


def test_untrusted_loaders_are_blocked() -> None:
    """After preparation this process neither draws SVG nor caches, and evaluates with one thread."""
    prepare()
    with pytest.raises(pyvips.Error):
        pyvips.Operation.call("svgload_buffer", pictures.SVG)
    assert pyvips.concurrency_get() == 1
    assert pyvips.cache_get_max() == 0


def test_libvips_does_not_chat(caplog: pytest.LogCaptureFixture) -> None:
    """Neither what libvips says of its work nor its warnings of broken pictures reach Python's log."""
    prepare()
    prepare()
    with caplog.at_level(logging.DEBUG):
        encoded = pictures.noise().jpegsave_buffer()
        pyvips.Image.thumbnail_buffer(encoded, 20).copy_memory()
        with pytest.raises(pyvips.Error):
            pyvips.Image.jpegload_buffer(encoded[: len(encoded) // 2], fail_on="truncated").copy_memory()

    assert [record for record in caplog.records if record.name == "pyvips"] == []


def test_a_killed_pipeline_stops() -> None:
    """Pixels that are being computed do not come any more, once the kill has been repeated often enough."""
    switch = KillSwitch()
    image = switch.watch(pictures.noise().resize(60).gaussblur(200))
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(0.01):
            switch.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(pyvips.Error):
        image.copy_memory()
    ended.set()
    killer.join()


def test_nothing_begins_after_the_kill() -> None:
    """What comes to be watched later is refused, and killing twice is killing."""
    switch = KillSwitch()
    switch.kill()
    switch.kill()
    assert switch.killed
    for act in (switch.check, lambda: switch.watch(pictures.quarters()), lambda: switch.in_memory(pictures.quarters())):
        with pytest.raises(Killed):
            act()


def test_unkilled_work_goes_on() -> None:
    """Watching changes no pixel."""
    switch = KillSwitch()
    switch.check()
    assert pictures.shows(switch.in_memory(pictures.quarters()), pictures.CORNERS, 0)
