"""Fonts, in processes of their own: fontconfig looks for its settings once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from imgsvc.transform.typefaces import FONTS, SAMPLES, missing_scripts
from tests.support.process import python_environment

ASK = """
import json, sys
from pathlib import Path
from imgsvc.transform import typefaces
typefaces.use_fonts(Path(sys.argv[1]))
typefaces.use_fonts = lambda: None
print(json.dumps(typefaces.missing_scripts()))
"""


@pytest.fixture
def bare(tmp_path) -> Path:
    """The same settings on a machine without any font, and without settings of its own."""
    text = FONTS.read_text()
    for line in ('<include ignore_missing="yes">/etc/fonts/fonts.conf</include>', "<dir>/usr/share/fonts</dir>",
                 '<dir prefix="xdg">fonts</dir>'):  # fmt: skip
        assert line in text
        text = text.replace(line, "")
    path = tmp_path / "fonts.conf"
    path.write_text(text.replace('<dir prefix="relative">.</dir>', f"<dir>{FONTS.parent}</dir>"))
    return path


def ask(settings: Path, home: Path) -> tuple[list[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", ASK, settings], env=python_environment({"HOME": str(home)}), capture_output=True,
        text=True, check=True, timeout=60,
    )  # fmt: skip
    return json.loads(done.stdout), done.stderr


def test_what_comes_with_the_service_needs_no_font_of_the_system(bare, tmp_path):
    """On a bare machine Latin, Greek and Cyrillic are there and all else is named missing, without a complaint."""
    missing, complaints = ask(bare, tmp_path)

    assert missing == [script for script in SAMPLES if script not in ("Latin", "Greek", "Cyrillic")]
    assert complaints == ""


def test_this_machine():
    """Here no more is missing than there, and what the service brings is not."""
    assert not set(missing_scripts()) & {"Latin", "Greek", "Cyrillic"}
    assert set(missing_scripts()) <= set(SAMPLES)


def test_the_files_are_there():
    """Both cuts, the blank font and the licence lie beside the settings."""
    names = {path.name for path in FONTS.parent.iterdir()}

    assert {"sans-regular.ttf", "sans-bold.ttf", "blank.ttf", "inter-licence.txt", "fonts.conf"} <= names
