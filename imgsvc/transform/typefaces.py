"""Which fonts text is drawn with, and which scripts none of them has."""

import os
from pathlib import Path

import pyvips

FONTS = Path(__file__).parent / "fonts" / "fonts.conf"
"""Settings of fontconfig: the family that comes with the service, the system's fonts, and behind them a blank one."""

FAMILY = "imgsvc Sans"
"""The family that comes with the service: Latin, Greek and Cyrillic. Made by scripts/make_fonts.py."""

VARIABLE = "FONTCONFIG_FILE"
"""By which fontconfig is told where its settings are (fonts-conf(5))."""

SAMPLES = {
    "Latin": "a",
    "Greek": "α",
    "Cyrillic": "ж",
    "Arabic": "ش",
    "Hebrew": "ש",
    "Han": "字",
    "Hiragana": "あ",
    "Katakana": "ア",
    "Hangul": "한",
    "Devanagari": "क",
    "Bengali": "ক",
    "Gurmukhi": "ਕ",
    "Gujarati": "ક",
    "Tamil": "க",
    "Telugu": "క",
    "Kannada": "ಕ",
    "Malayalam": "ക",
    "Sinhala": "ක",
    "Thai": "ก",
    "Lao": "ກ",
    "Khmer": "ក",
    "Myanmar": "က",
    "Tibetan": "ཀ",
    "Georgian": "ა",
    "Armenian": "ա",
    "Ethiopic": "አ",
    "Emoji": "😀",
}
"""A letter of each script that many people write (Unicode Standard Annex 24 has the names), and emoji."""


def use_fonts(settings: Path = FONTS) -> None:
    """
    Have this process draw text with these fonts; fontconfig reads the variable once, before the first text is drawn.

    The variable is set for the C library alone: :data:`os.environ` stays what the process was started with.
    """
    os.putenv(VARIABLE, str(settings))


def missing_scripts() -> tuple[str, ...]:
    """Draw a letter of every script, and name those of which nothing is to be seen; for a thread."""
    use_fonts()
    return tuple(script for script, letter in SAMPLES.items() if not is_seen(letter))


def is_seen(letter: str) -> bool:
    """Draw a letter, and say whether anything is to be seen of it; for a thread."""
    try:
        drawn = pyvips.Image.text(letter, font=f"{FAMILY} 24", dpi=72, rgba=True)
    except pyvips.Error:  # there is nothing to be drawn
        return False
    return bool(drawn[3].max())
