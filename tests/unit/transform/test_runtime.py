"""libvips as it is set up, and how it is stopped."""

import logging
import threading

import pytest
import pyvips

from imgsvc.transform.runtime import Killed, KillSwitch, TrackedMemory, drop_cache, prepare
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


def test_what_else_ends_with_a_kill() -> None:
    """Other acts are done at each kill, until the work has ended; none is taken on after the first."""
    switch, acts = KillSwitch(), []
    switch.on_kill(lambda: acts.append("killed"))
    switch.kill()
    switch.kill()
    with pytest.raises(Killed):
        switch.on_kill(lambda: None)
    switch.let_go()
    switch.kill()

    assert acts == ["killed", "killed"]


def test_the_cache_can_be_dropped() -> None:
    """Should anything have got into it, it is empty afterwards and stays so."""
    pyvips.cache_set_max(100)
    pyvips.cache_set_max_mem(2**30)  # more than masks take that are kept for cards
    pyvips.cache_set_max_files(100)
    try:
        pyvips.Image.black(10, 10)
        assert pyvips.cache_get_size() > 0
    finally:
        drop_cache()
        prepare()

    assert (pyvips.cache_get_size(), pyvips.cache_get_max()) == (0, 0)


def test_libvips_tells_what_it_holds() -> None:
    """The figures are those of the library in use: they grow with a picture in memory."""
    memory = TrackedMemory()
    before, _ = memory.tracked_bytes()
    held = pictures.noise(500, 400).copy_memory()
    now, most = memory.tracked_bytes()

    assert now - before >= 500 * 400 * 3
    assert most >= now
    del held


def test_where_libvips_cannot_be_asked_it_holds_nothing() -> None:
    """A library that is not loaded, or has no such functions, is no error."""
    assert TrackedMemory("libvips-none.so").tracked_bytes() == (0, 0)
    assert TrackedMemory("libc.so.6").tracked_bytes() == (0, 0)
