"""``/demo/``: pictures of our own and a page that shows what the service makes of them, all without the internet."""

from html import escape
from urllib.parse import urlencode

from aiohttp import web

from imgsvc.demo import MEDIA_TYPES, PICTURES
from imgsvc.errors import ObjectNotFound
from imgsvc.model.literals import host_literal
from imgsvc.web.handlers.images import IMAGES_PATH
from imgsvc.web.paths import INVERT_PATH, SHARE_IMAGE_PATH

CACHE_CONTROL = "public, max-age=86400"

SHOWN: tuple[tuple[str, str, dict[str, str | int]], ...] = (
    ("landscape.jpg", "480 px wide, the format your browser likes best", {"w": 480}),
    ("landscape.jpg", "a square around what matters", {"w": 320, "h": 320, "fit": "cover", "g": "attention"}),
    ("landscape.jpg", "blurred, for a background", {"w": 480, "blur": 12}),
    ("landscape.jpg", "greyscale AVIF", {"w": 480, "greyscale": 1, "f": "avif"}),
    ("logo.png", "trimmed, on a colour", {"w": 320, "trim": 10, "bg": "ffd166"}),
    ("logo.svg", "SVG, sanitised and drawn at the size asked for", {"w": 320}),
    ("waves.gif", "an animation stays one", {"w": 320}),
    ("favicon.ico", "the largest entry of an icon file", {"w": 128}),
)
ON_DARK: tuple[tuple[str, str, dict[str, str | int]], ...] = (
    ("logo.png", "a logo as it is, on a dark page", {"theme": "light", "size": 320}),
    ("logo.png", "adapted to that page: its lightness is moved, its hue stays", {"theme": "dark", "size": 320}),
)
CARDS: tuple[tuple[str, dict[str, str]], ...] = (
    ("a card, drawn here, for a page without a picture", {"title": "Pictures for pages that have none"}),
    (
        "a person's; any script that there are fonts for",
        {"kind": "person", "title": "Ada Lovelace", "subtitle": "Mathematician"},
    ),
)

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>imgsvc demo</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 70rem; margin: 2rem auto; padding: 0 1rem }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1.5rem }}
figure {{ margin: 0; border: 1px solid #8884; border-radius: .75rem; padding: 1rem; overflow: hidden }}
img {{ max-width: 100%; height: auto; border-radius: .4rem; display: block; margin: auto }}
figcaption {{ margin-top: .75rem; font-size: .875rem }}
.dark {{ background: #0b0f19; color: #e5e7eb }}
code {{ font-size: .75rem; overflow-wrap: anywhere; display: block; opacity: .75 }}
</style>
<h1>imgsvc</h1>
<p>These pictures are served by this very process and fetched by it again as its source: nothing leaves the machine.</p>
<main>{figures}</main></html>
"""
_FIGURE = (
    '<figure class="{kind}"><a href="{url}"><img src="{url}" alt="{alt}" loading="lazy"></a>'
    "<figcaption>{text}<code>{query}</code></figcaption></figure>"
)
# The page is ours alone: its one style element, and pictures of this origin.
_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"


class DemoHandlers:
    """The route family's handlers."""

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get("/demo/", self.page), web.get("/demo/{name}", self.picture)]

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """Answer one sample picture as it is."""
        name = request.match_info["name"]
        if name not in MEDIA_TYPES:
            raise ObjectNotFound("There is no such sample picture; /demo/ shows them all.")
        headers = {"Content-Type": MEDIA_TYPES[name], "Cache-Control": CACHE_CONTROL}
        return web.FileResponse(PICTURES / name, headers=headers)

    async def page(self, request: web.Request) -> web.Response:
        """Show what the service makes of the sample pictures."""
        own = own_origin(request)
        figures = "".join(_figure(own, *shown) for shown in SHOWN)
        figures += "".join(_figure(own, *shown, INVERT_PATH, "dark") for shown in ON_DARK)
        figures += "".join(_drawn(f"{SHARE_IMAGE_PATH}?{urlencode(parameters)}", text) for text, parameters in CARDS)
        return web.Response(
            text=_PAGE.format(figures=figures),
            content_type="text/html",
            headers={"Content-Security-Policy": _CSP, "Cache-Control": "no-cache"},
        )


def own_origin(request: web.Request) -> str:
    """Tell where this very process listens, whatever name it was asked by: pictures of the demo are fetched there."""
    host, port = request.get_extra_info("sockname")[:2]
    return f"http://{host_literal(host)}:{port}"


def demo_url(origin: str, name: str, parameters: dict[str, str | int], path: str = IMAGES_PATH) -> str:
    """Give the path that asks this service, listening at *origin*, for a sample picture."""
    return f"{path}?{urlencode({'url': f'{origin}/demo/{name}', **parameters})}"


def _figure(
    origin: str, name: str, text: str, parameters: dict[str, str | int], path: str = IMAGES_PATH, kind: str = ""
) -> str:
    return _drawn(demo_url(origin, name, parameters, path), text, f"?url=…/{name}&{urlencode(parameters)}", name, kind)


def _drawn(url: str, text: str, query: str = "", alt: str = "", kind: str = "") -> str:
    return _FIGURE.format(
        kind=kind, url=escape(url, quote=True), alt=escape(alt), text=escape(text), query=escape(query or url)
    )
