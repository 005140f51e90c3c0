"""A site, two services that know icons, and what is asked about logos; over the services or over HTTP."""

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from imgsvc.model.look import Theme
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services.logos.answers import Fallback, LogoRequest, LogoServed, Subject
from imgsvc.vision.templates import SIDE_PX, templates
from tests.support.origin import ScriptedOrigin
from tests.support.spine import Spine, spine

HTML = {"Content-Type": "text/html; charset=utf-8"}
PNG = {"Content-Type": "image/png"}
SVG = {"Content-Type": "image/svg+xml"}


def mark_svg(colour: str = "#000", side_px: int = 64) -> bytes:
    """Draw a mark of one colour on nothing."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side_px}" height="{side_px}" viewBox="0 0 64 64">'
        f'<path fill="{colour}" d="M8 8h20v48H8zM34 8h22v14H34zM34 30h22v26H34z"/></svg>'
    ).encode()


def mark(side_px: int = 180, colour: str = "#000", ground: str = "") -> bytes:
    """Draw the same as PNG, on nothing or on a tile."""
    image = Image.new("RGBA", (256, 256), ground or (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for box in ((32, 32, 111, 223), (136, 32, 223, 87), (136, 120, 223, 223)):
        draw.rectangle(box, fill=colour)
    return saved(image.resize((side_px, side_px), Image.Resampling.LANCZOS))


def blank(side_px: int = 64) -> bytes:
    """Draw nothing."""
    return saved(Image.new("RGBA", (side_px, side_px)))


def blown_up(side_px: int = 256) -> bytes:
    """Draw a small icon and enlarge it."""
    small = Image.open(io.BytesIO(mark(16, "#c00", "#fff")))
    return saved(small.resize((side_px, side_px), Image.Resampling.BILINEAR))


def template(name: str = "create-vite 6 vite.svg", side_px: int = 48) -> bytes:
    """Make of what is known of a framework's icon a picture that looks like it, in squares."""
    known = next(each for each in templates() if each.name == name)
    image = Image.frombytes("RGB", (SIDE_PX, SIDE_PX), known.looks[0])
    return saved(image.resize((side_px, side_px), Image.Resampling.NEAREST))


def globe(side_px: int = 128) -> bytes:
    """Draw what services answer for a site without an icon: a circle with meridians."""
    image = Image.new("RGBA", (512, 512))
    draw = ImageDraw.Draw(image)
    draw.ellipse((32, 32, 480, 480), outline="#5f6368", width=32)
    draw.ellipse((160, 32, 352, 480), outline="#5f6368", width=32)
    draw.line((256, 32, 256, 480), fill="#5f6368", width=32)
    draw.line((32, 256, 480, 256), fill="#5f6368", width=32)
    return saved(image.resize((side_px, side_px), Image.Resampling.LANCZOS))


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def page(*head: str, title: str = "Acme", body: str = "<p>Hello</p>") -> bytes:
    """Write a page."""
    return f"<!doctype html><html><head><title>{title}</title>{''.join(head)}</head><body>{body}</body></html>".encode()


@dataclass
class World:
    """The internet of these tests, and the services in front of it."""

    parts: Spine
    site: ScriptedOrigin
    google: ScriptedOrigin
    duckduckgo: ScriptedOrigin

    def serve_icon(self, data: bytes = b"", rel: str = "apple-touch-icon", etag: str = '"1"') -> None:
        """Let the site have a page with one icon."""
        self.site.serve("/", page(f'<link rel="{rel}" href="/icon.png">'), headers=HTML)
        self.site.conditional("/icon.png", data or mark(), etag=etag, headers=PNG)

    def serve_google(self, data: bytes, status: int = 200) -> None:
        """Let Google know an icon."""
        self.google.serve("/s2", data, status=status, headers=PNG)

    def subject(self, website: str = "acme.test") -> Subject:
        return self.parts.logos.subject(website)

    def question(
        self, website: str | Subject = "acme.test", size_px: int = 128, theme: Theme | None = None,
        fallback: Fallback = Fallback.MONOGRAM, output: Output = Output.PNG,
    ) -> LogoRequest:  # fmt: skip
        """Name a question as the web does."""
        spec = TransformSpec(
            output=output, width=size_px, height=size_px, animate=False, page=theme.page if theme else None,
            scheme=theme.value if theme else "",
        ).normalised()  # fmt: skip
        subject = website if isinstance(website, Subject) else self.subject(website)
        return LogoRequest(subject, size_px, spec, theme, fallback)

    async def ask(self, *asked, allowance=None, **question) -> LogoServed:
        """Ask, and let the answer go at once."""
        answer = await self.parts.logos.find(self.question(*asked, **question), allowance)
        answer.served.let_go()
        return answer

    async def explained(self, website: str = "acme.test", size_px: int = 128) -> dict:
        return (await self.parts.logos.explain(self.subject(website), size_px, None)).facts

    async def reasons(self, website: str = "acme.test") -> dict[str, str | None]:
        """Give why each candidate is out, by the last part of its address."""
        explained = await self.explained(website)
        return {each["url"].rpartition("/")[2]: each["rejected"] for each in explained["candidates"]}


@asynccontextmanager
async def logo_world(tmp_path: Path, *, slot_timeout_seconds: float = 5, **env: str) -> AsyncIterator[World]:
    """Set it up; at the end nothing may be in flight, open or taken."""
    async with AsyncExitStack() as stack:
        site, google, duckduckgo = [await stack.enter_async_context(ScriptedOrigin()) for _ in range(3)]
        env = logo_environment(site, google, duckduckgo) | env
        spun = spine(tmp_path, site, slot_timeout_seconds=slot_timeout_seconds, **env)
        parts = await stack.enter_async_context(spun)
        yield World(parts, site, google, duckduckgo)


def logo_environment(site: ScriptedOrigin, google: ScriptedOrigin, duckduckgo: ScriptedOrigin) -> dict[str, str]:
    """Give settings under which Google and DuckDuckGo are scripted, and every other host is the site."""
    sites = [(host, site) for host in ("*.test", "example.com", "zorblax.com", "zorblaxco.com")]
    hosts = (("google.test", google), ("duckduckgo.test", duckduckgo), *sites)
    return {
        "IMGSVC_CONNECT_TO": ",".join(f"{host}=127.0.0.1:{origin.port}" for host, origin in hosts),
        "IMGSVC_LOGO_GOOGLE_URL": "http://google.test/s2?domain={domain}&sz={size}",
        "IMGSVC_LOGO_DUCKDUCKGO_URL": "http://duckduckgo.test/{domain}.ico",
    }
