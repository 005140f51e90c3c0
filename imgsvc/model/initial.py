"""The letter that stands for a name."""

import unicodedata

_NO_LETTER = "?"
_MAX_CLUSTER_CHARS = 16
_REGIONAL = range(0x1F1E6, 0x1F200)
_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def first_letter(name: str) -> str:
    """
    Give the first grapheme of *name* that is a letter, a digit or an emoji; the first that can be seen if none is.

    It is in upper case where that is as long (``ß`` stays), and ``?`` when nothing can be seen.
    """
    text = unicodedata.normalize("NFC", name[:256])
    seen = [i for i, c in enumerate(text) if unicodedata.category(c)[0] in "LNSP"]
    start = next((i for i in seen if unicodedata.category(text[i])[0] in "LN" or _is_emoji(text[i])), None)
    if start is None and not seen:
        return _NO_LETTER
    cluster = _cluster(text, seen[0] if start is None else start)
    upper = cluster.upper()
    return upper if len(upper) == len(cluster) else cluster


def _cluster(text: str, start: int) -> str:
    """
    Take the grapheme cluster at *start*: UAX #29 §3.1.1 as far as letters with marks and emoji go.

    Marks, joined emoji, skin tones and pairs of regional indicators (flags) stay with their base.
    """
    end = start + 1
    while end < min(len(text), start + _MAX_CLUSTER_CHARS) and _continues(text, start, end):
        end += 1
    return text[start:end]


def _continues(text: str, start: int, at: int) -> bool:
    character = text[at]
    if ord(character) in _REGIONAL:
        return at == start + 1 and ord(text[start]) in _REGIONAL
    if text[at - 1] == _ZERO_WIDTH_JOINER:
        return _is_emoji(text[start])
    return unicodedata.category(character)[0] == "M" or character == _ZERO_WIDTH_JOINER or ord(character) in _SKIN_TONES


def _is_emoji(character: str) -> bool:
    """Whether it is a symbol that pictures something; all of those are of category So or lie among emoji."""
    return unicodedata.category(character) == "So"
