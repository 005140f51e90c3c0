"""The operating system's look-up of names."""

import pytest

from imgsvc.origin.resolver import SystemLookup


async def test_a_label_that_is_too_long():
    """What Python itself will not look up is a name without an address, as any other."""
    lookup = SystemLookup()
    try:
        with pytest.raises(OSError, match="looked up"):
            await lookup.lookup(f"{'a' * 64}.test")
    finally:
        lookup.close()
