"""Work behind answers."""

import asyncio

from imgsvc.services.behind import Behind


async def test_one_of_a_name_and_so_many_at_once():
    """What runs already, or is one too many, is not begun."""
    behind, gate, begun = Behind("test", 2), asyncio.Event(), []

    async def work(name: str) -> None:
        begun.append(name)
        await gate.wait()

    for name in ("a", "a", "b", "c"):
        behind.begin(name, lambda name=name: work(name))
    await asyncio.sleep(0)

    assert (begun, len(behind), behind.is_full, "a" in behind, "c" in behind) == (["a", "b"], 2, True, True, False)
    gate.set()
    await behind.idle()
    assert len(behind) == 0


async def test_the_end():
    """What runs is given up, and has ended when closing has."""
    behind, ended = Behind("test", 2), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    behind.begin("a", work)
    await asyncio.sleep(0)
    await behind.aclose()

    assert (ended, len(behind)) == ([True], 0)
