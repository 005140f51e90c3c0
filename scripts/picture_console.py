"""Take the picture of the console, docs/console.png: a demo of its own, some traffic, and a page in Chromium."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pyvips
from playwright.async_api import Page, expect

from tests.support.browser import chromium
from tests.support.process import service_process

PICTURE = Path(__file__).parent.parent / "docs" / "console.png"

VIEWPORT = {"width": 1320, "height": 900}
MARGIN_PX = 14
SECONDS = 75
"""How long there is traffic: the chart shall have something to show."""
WIDTHS = (64, 96, 128, 160, 240, 320, 480, 640, 800, 960)
PAUSE_SECONDS = 0.4


def requests(base_url: str) -> Iterator[tuple[str, dict[str, str | int]]]:
    """Ask for everything the demo has, most of it more than once."""
    n = 0
    while True:
        picture = f"{base_url}/demo/{('landscape.jpg', 'logo.png', 'waves.gif', 'logo.svg')[n % 4]}"
        yield "/api/cache/images", {"url": picture, "w": WIDTHS[n * 7 % len(WIDTHS)]}
        if n % 3 == 0:
            yield "/api/logo/invert", {"url": f"{base_url}/demo/logo.png", "theme": ("dark", "light")[n % 2]}
        if n % 5 == 0:
            yield "/api/og-image", {"title": f"Card number {n % 4}", "f": "png"}
        n += 1


async def traffic(base_url: str) -> None:
    """Ask for one thing after another until TimeoutError ends it."""
    accept = {"Accept": "image/webp,image/*"}
    async with aiohttp.ClientSession(base_url, headers=accept) as session, asyncio.timeout(SECONDS):
        for path, parameters in requests(base_url):
            async with session.get(path, params=parameters) as response:
                await response.read()
            await asyncio.sleep(PAUSE_SECONDS)


async def photographed(page: Page) -> bytes:
    """Wait until the sample is shown and one more reading has come, and take the picture."""
    await expect(page.get_by_alt_text("What the service makes of it")).to_be_visible(timeout=30_000)
    async with page.expect_response("**/api/health/metrics"):
        pass
    box = await page.get_by_role("region", name="Latency").bounding_box()
    height = box["y"] + box["height"] + MARGIN_PX
    return await page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": VIEWPORT["width"], "height": height})


async def main() -> None:
    """Write the picture, and say how large it is."""
    with tempfile.TemporaryDirectory() as folder:
        async with service_process(Path(folder), "--demo") as service, chromium() as browser:
            page = await browser.new_page(viewport=VIEWPORT, color_scheme="light")
            await page.goto(service.base_url)
            with suppress(TimeoutError):
                await traffic(service.base_url)
            data = await photographed(page)
    # A palette: half a megabyte becomes a sixth, and nobody sees a difference in a page of few colours.
    image = pyvips.Image.new_from_buffer(data, "")
    image.pngsave(str(PICTURE), palette=True, Q=92, effort=10, compression=9, keep="none")
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes, {image.width} × {image.height} px")


if __name__ == "__main__":
    asyncio.run(main())
