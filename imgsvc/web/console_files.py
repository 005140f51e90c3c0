"""The files of the console, read once."""

from collections.abc import Mapping
from pathlib import Path

from imgsvc.web.files import OwnFile

FOLDER = Path(__file__).parent / "console"
PAGE = "index.html"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def read_files(folder: Path = FOLDER) -> Mapping[str, OwnFile]:
    """Read all files by name; blocks."""
    return {
        path.name: OwnFile.of(MEDIA_TYPES[path.suffix], path.read_bytes())
        for path in sorted(folder.iterdir())
        if path.suffix in MEDIA_TYPES
    }
