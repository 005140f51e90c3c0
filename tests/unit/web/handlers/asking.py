"""Settings and requests that the tests of the logo routes share."""

import json

from aiohttp import FormData

KEY = "k" * 20
OFF = {"IMGSVC_LOGO_GOOGLE_URL": "", "IMGSVC_LOGO_DUCKDUCKGO_URL": "", "IMGSVC_SIGNING_KEYS": KEY}
INVERT = "/api/logo/invert"
LOOK = {
    "X-Needs-Inversion", "X-Logo-Inverted", "X-Has-Transparency", "X-Brightness", "X-Logo-Contrast-Light",
    "X-Logo-Contrast-Dark",
}  # fmt: skip
"""Headers about the page."""


async def validate(service, *, image: bytes | None = None, **sent):
    """Send a picture, or the URL of one, to be judged."""
    if image is not None:
        sent["data"] = FormData()
        sent["data"].add_field("image", image, filename="a.png")
    async with service.session.post(f"{service.base_url}/api/validate-logo", **sent) as response:
        return response.status, json.loads(await response.read()), response.headers
