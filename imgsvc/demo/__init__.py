"""Pictures drawn by this project, so that a first run needs no internet; ``scripts/draw_demo.py`` draws them anew."""

from pathlib import Path

PICTURES = Path(__file__).parent / "pictures"

MEDIA_TYPES = {
    "landscape.jpg": "image/jpeg",
    "logo.png": "image/png",
    "logo.svg": "image/svg+xml",
    "waves.gif": "image/gif",
    "favicon.ico": "image/x-icon",
}
"""All of them, with the types they are served as."""
