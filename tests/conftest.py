"""What every test has: no blocking call on the loop, no inherited settings, its place in the fast suite or not."""

import gc
import os
from collections.abc import Iterator

import hypothesis
import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from imgsvc.transform.typefaces import use_fonts

use_fonts()  # before any test draws text: fontconfig looks once where its settings are

# How fast an example is made or tried tells of the machine, not of us.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

TOGETHER = ("tests/integration/", "tests/e2e/")
"""Folders whose tests put rooms, or the whole program, together with real servers and sockets."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what is put together out of the fast suite, and begin with what takes longest."""
    for item in items:
        if item.nodeid.startswith(TOGETHER):
            item.add_marker("slow")
    items.sort(key=lambda item: item.get_closest_marker("early") is None)


def pytest_collection_finish() -> None:
    """Keep modules and collected tests, which stay to the end, out of each search for what a test left behind."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_blocking_call() -> Iterator[BlockBuster]:
    """Fail a test whose event loop makes a blocking call from our code."""
    with blockbuster_ctx("imgsvc") as blockbuster:
        # A read of /proc never waits for a disk; the kernel makes the text on the spot.
        for name in ("io.BufferedReader.read", "io.TextIOWrapper.read"):
            if name in blockbuster.functions:
                blockbuster.functions[name].can_block_in("psutil/_common.py", {"cat"})
                blockbuster.functions[name].can_block_in("psutil/_pslinux.py", {"memory_info"})
        yield blockbuster


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own settings from the tests."""
    for name in [n for n in os.environ if n.startswith(("IMGSVC_", "S3_", "MEMORY_", "AWS_", "ASSETS_"))]:
        monkeypatch.delenv(name)
