"""Recorded-style pages: markup as real sites have it, what each picture measures, and which one a person takes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.logos.discovery import page_candidates, well_known_candidates
from imgsvc.logos.providers import Provider
from imgsvc.logos.score import Measured, Reason
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme
from imgsvc.pages.manifest import Manifest, read_manifest
from imgsvc.pages.parser import PageReader
from imgsvc.pages.tags import Page
from imgsvc.settings import LogoSettings

PLACE = Path(__file__).parent / "fixtures"
NAMES = sorted(path.stem for path in PLACE.glob("*.html"))
SERVICES = (
    Provider.parse(LogoSettings().google_url, LogoSource.GOOGLE),
    Provider.parse(LogoSettings().duckduckgo_url, LogoSource.DUCKDUCKGO),
)


def read_page(html: str | bytes, url: str = "https://a.example/") -> Page:
    """Read a page as it would arrive, in one piece."""
    reader = PageReader(url, "text/html")
    reader.feed(html.encode() if isinstance(html, str) else html)
    return reader.finish()


@dataclass(frozen=True)
class Recorded:
    """One page; *facts* are those of the JSON file beside it."""

    page: Page
    facts: dict[str, Any]

    @classmethod
    def load(cls, name: str) -> "Recorded":
        facts = json.loads((PLACE / f"{name}.json").read_text("utf-8"))
        return cls(read_page((PLACE / f"{name}.html").read_bytes(), facts["url"]), facts)

    @property
    def asked_px(self) -> int:
        return self.facts.get("asked_px", 128)

    @property
    def scheme(self) -> Theme | None:
        return Theme(self.facts["scheme"]) if "scheme" in self.facts else None

    @property
    def manifest(self) -> Manifest | None:
        given = self.facts.get("manifest")
        return read_manifest(json.dumps(given["text"]).encode(), given["url"]) if given else None

    def own(self) -> tuple[Candidate, ...]:
        """What the page itself names."""
        return page_candidates(self.page, self.manifest)

    def everything(self) -> list[Candidate]:
        """All three classes, each URL once."""
        host = self.page.url.split("/")[2].partition(":")[0].removeprefix("www.")
        asked = [candidate for service in SERVICES for candidate in service.candidates(host)]
        found = [*self.own(), *well_known_candidates(self.page.url), *asked]
        return list({candidate.url: candidate for candidate in reversed(found)}.values())[::-1]

    def measured(self) -> list[Measured]:
        """Measure as recorded; what was not is out of reach."""
        return [self._measure(candidate) for candidate in self.everything()]

    def _measure(self, candidate: Candidate) -> Measured:
        facts = self.facts["measured"].get(candidate.url, "unreachable")
        if isinstance(facts, str):
            return Measured(candidate, rejected=Reason(facts))
        width_px, height_px, extension = facts
        return Measured(candidate, width_px, height_px, ImageFormat(extension))
