"""From what is known of a page to the card that stands in for its picture: words, letters, direction, colours."""

import re
import unicodedata
from collections.abc import Sequence

from imgsvc.model.card import Card, CardKind, is_rtl
from imgsvc.model.colours import Colour
from imgsvc.model.initial import first_letter
from imgsvc.opengraph.data import ShareData
from imgsvc.opengraph.palette import palette_of
from imgsvc.pages.text import clean

__all__ = ["Card", "CardKind", "card_of", "name_of_label"]

MAX_TITLE_CHARS = 200
MAX_TEXT_CHARS = 320
MAX_SITE_CHARS = 64
"""More than fits on a card in the narrowest letters."""

MAX_MARKS = 4
"""Marks on one letter; more pile up over other lines."""

_ABOUT_PERSONS = frozenset(("person", "profilepage"))
_ABOUT_COMPANIES = frozenset(("organization", "corporation", "localbusiness", "newsmediaorganization", "onlinestore"))

# What fonts draw as boxes or not at all: private use, non-characters, stand-ins for what could not be shown elsewhere,
# planes without characters, and controls of rare scripts, for which Pango asks no other font than the first.
_NO_TEXT = re.compile(
    "[\ue000-\uf8ff\ufdd0-\ufdef\ufff9-\ufffd\U000e0000-\U000e001f\U000f0000-\U0010ffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U00040000-\U000dffff"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(1, 15))
    + "]"
)
_VOWELS = re.compile("[aeiouy]")
_MAX_ACRONYM_CHARS = 4
_KANA, _HANGUL = re.compile("[\u3040-\u30ff\u31f0-\u31ff]"), re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_OF_HAN = ("zh", "ja", "ko")


def card_of(
    kind: CardKind,
    data: ShareData | None,
    *,
    name: str,
    host: str,
    colours: Sequence[Colour],
    title: str = "",
    subtitle: str = "",
) -> Card:
    """
    Give the card of a page. CPU only, and never much of it; never raises, whatever the page says.

    Args:
        kind: what it is about.
        data: what the page says of itself; None = it could not be read.
        name: what stands for the site where nothing says what it is called, see :func:`name_of_label`.
        host: as people read it; empty = the page has none.
        colours: of the site, as :func:`~imgsvc.opengraph.palette.palette_of` takes them.
        title: what a client wants to read instead of the page's own; empty = nothing.
        subtitle: likewise.
    """
    data = data or ShareData()
    site = _shown(data.site_name or host, MAX_SITE_CHARS)
    heading = _shown(title, MAX_TITLE_CHARS) or _without_site(_heading(kind, data, name), site)
    text = _shown(subtitle or data.description or "", MAX_TEXT_CHARS)
    return Card(
        kind=kind,
        title=heading,
        text="" if text == heading else text,
        site="" if site == heading and not host else _other(site, heading, host),
        letters=_letters(kind, heading),
        language=_language(data.locale or "", heading + text),
        is_rtl=is_rtl(heading or text or site),
        palette=palette_of(kind, colours),
    )


def name_of_label(label: str) -> str:
    """Write a domain's label as a name: ``my-site`` as ``My Site``, and what nobody can pronounce in capitals."""
    words = [word for word in label.split("-") if word]
    return " ".join(word.upper() if _is_acronym(word) else word[:1].upper() + word[1:] for word in words)


def _is_acronym(word: str) -> bool:
    return len(word) <= _MAX_ACRONYM_CHARS and word.isascii() and word.isalpha() and not _VOWELS.search(word)


def _heading(kind: CardKind, data: ShareData, name: str) -> str:
    """Choose what the page is called, by what the card is about."""
    said = ""
    if data.described is not None:
        about = data.described.type.lower()
        wanted = {CardKind.PERSON: _ABOUT_PERSONS, CardKind.COMPANY: _ABOUT_COMPANIES}.get(kind, frozenset())
        said = (data.described.name or "") if about in wanted else ""
    if kind is CardKind.COMPANY:
        return _shown(said or data.site_name or name, MAX_TITLE_CHARS)
    return _shown(said or data.title or name, MAX_TITLE_CHARS)


def _without_site(title: str, site: str) -> str:
    """Drop the site's name from a title's end, where it stands behind a bar or a dash: the card has it anyway."""
    if not site:
        return title
    return re.sub(rf"\s+[|\-–—·•:»/]\s+{re.escape(site)}\Z", "", title, flags=re.IGNORECASE) or title


def _other(site: str, heading: str, host: str) -> str:
    """Give what says whose the card is without saying it twice."""
    return _shown(host, MAX_SITE_CHARS) if site.casefold() == heading.casefold() else site


def _shown(text: str, max_chars: int) -> str:
    """Leave of a text what can be shown, and no more than has room."""
    return _thinned(_NO_TEXT.sub("", clean(text, max_chars))).strip()


def _thinned(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _letters(kind: CardKind, name: str) -> str:
    """Give what stands for a portrait or a logo: a person's initials, a company's first letter."""
    words = [found for word in name.split() if (found := _first_letter(word))]
    if kind is CardKind.OG_CARD or not name:
        return ""
    if not words:  # an emoji stands for itself
        return first_letter(name)
    if kind is CardKind.COMPANY or len(words) == 1 or is_rtl(name):
        return words[0]
    return words[0] + words[-1]


def _first_letter(word: str) -> str:
    start = next((at for at, character in enumerate(word) if character.isalnum()), None)
    if start is None:
        return ""
    upper = word[start].upper()
    letter = upper if len(upper) == 1 else word[start]
    marks = word[start + 1 : start + 1 + MAX_MARKS]
    return letter + "".join(mark for mark in marks[:1] if unicodedata.category(mark) in ("Mn", "Mc"))


def _language(locale: str, text: str) -> str:
    """Give the language by which letters are chosen: Han letters differ by it, and pages often name a wrong one."""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    said = locale.replace("_", "-").lower()
    return "zh-cn" if _HAN.search(text) and not said.startswith(_OF_HAN) else said
