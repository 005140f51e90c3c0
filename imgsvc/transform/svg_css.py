"""
CSS inside SVG, cut down to what can neither fetch nor run anything.

Escapes are decoded and comments removed *first*; what is checked is what is written out. So the output holds no
backslash and no comment, every quote and bracket in it is closed, and there is only one way to read it. Grammar: CSS
Syntax Module Level 3.
"""

import re
from collections.abc import Iterator

from imgsvc.transform.svg_names import FUNCTIONS, PROPERTIES

_ESCAPE = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})(?:\r\n|[ \t\r\n\f])?|(.))", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SPACE = re.compile(r"\s+", re.ASCII)
# Where a declaration or block may end: not inside a string, not inside brackets.
_TOKEN = re.compile(r"""\"[^"]*\"|'[^']*'|[(){};]|[^"'(){};]+|.""", re.DOTALL)
_CUSTOM_PROPERTY = re.compile(r"--[a-z0-9_-]{1,64}")
_MEDIA = re.compile(r"@media(?:\s+|(?=\())([\w\s().,:/>=-]+)", re.IGNORECASE | re.ASCII)
# Strings are font names and the like. Without brackets in them, no misreading of quotes makes code of a string.
_STRING = r"""(?:\"[^"\\<>(){};@]*\"|'[^'\\<>(){};@]*')"""
_SELECTOR = re.compile(rf"""(?:[^"'\\<{{}};@\[\]]|\[[\w\s|~^$*:=-]*{_STRING}?[\w\s]*\])++""")
_LOCAL_URL = re.compile(r"""(?<![\w-])url\(\s*(['"]?)\#([^'"()\\\s<>{};@]+)\1\s*\)""", re.IGNORECASE)
_VALUE = re.compile(
    rf"""(?: {_STRING}
           | (?<![\w-])url\(\#[^"'()\\\s<>{{}};@]+\)
           | (?<![\w-])(?:{"|".join(sorted(FUNCTIONS))})?\(
           | \)
           | [^"'()\[\]\\<>{{}};@]
         )++""",
    re.VERBOSE | re.IGNORECASE,
)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BRACKET = re.compile(r"[()]")
_MAX_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_MAX_MEDIA_DEPTH = 4


def clean_value(text: str) -> str | None:
    """Give a property's value, cleaned, or None when it may not stay."""
    return _checked_value(_plain(text))


def clean_style(text: str) -> str:
    """Clean a ``style`` attribute; empty when nothing of it may stay."""
    return ";".join(_declarations(_plain(text)))


def clean_stylesheet(text: str) -> str:
    """Clean a ``style`` element: rules and ``@media`` may stay, other at-rules go; empty when nothing stays."""
    return "".join(_rules(_plain(text), 0))


def _plain(text: str) -> str:
    """Decode escapes, drop comments, fold white space."""
    return _SPACE.sub(" ", _COMMENT.sub(" ", _ESCAPE.sub(_unescaped, text))).strip()


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return "" if match[2] in "\n\r\f" else match[2]
    code = int(match[1], 16)
    return "\ufffd" if code == 0 or code > _MAX_CODE_POINT or code in _SURROGATES else chr(code)


def _rules(text: str, depth: int) -> Iterator[str]:
    for prelude, block in blocks(text):
        if media := _MEDIA.fullmatch(prelude):
            inner = "".join(_rules(block, depth + 1)) if depth < _MAX_MEDIA_DEPTH else ""
            if inner and _is_balanced(media[1]):
                yield f"@media {media[1].strip()}{{{inner}}}"
        elif (selector := _clean_selector(prelude)) and (body := ";".join(_declarations(block))):
            yield f"{selector}{{{body}}}"


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Give each top-level ``prelude { block }``; statements without a block, such as ``@import``, are passed over."""
    prelude, block, depth = "", "", 0
    for piece in _TOKEN.findall(text):
        if piece == "}" and depth == 1:
            yield prelude.strip(), block
            prelude, block, depth = "", "", 0
            continue
        depth += (piece == "{") - (piece == "}" and depth > 0)
        if depth > 1 or (depth and piece != "{"):
            block += piece
        elif not depth:
            prelude = "" if piece in ";}" else prelude + piece


def _clean_selector(prelude: str) -> str | None:
    fits = _SELECTOR.fullmatch(prelude) and _is_balanced(prelude) and not _UNPRINTABLE.search(prelude)
    return prelude if fits and "/*" not in prelude else None


def _declarations(text: str) -> Iterator[str]:
    """Give each declaration that may stay, as ``name:value``."""
    for name, value in declarations(text):
        if name not in PROPERTIES and not _CUSTOM_PROPERTY.fullmatch(name):
            continue
        if cleaned := _checked_value(value):
            yield f"{name}:{cleaned}"


def declarations(text: str) -> Iterator[tuple[str, str]]:
    """Give each declaration of a block or ``style`` attribute, whatever it says: its name in lower case, its value."""
    for declaration in _split(text):
        name, _, value = declaration.partition(":")
        yield name.strip().lower(), value.strip()


def _split(text: str) -> Iterator[str]:
    """Cut at semicolons that are in no string and no bracket."""
    part: list[str] = []
    depth = 0
    for piece in _TOKEN.findall(text):
        depth = max(0, depth + (piece == "(") - (piece == ")"))
        if piece == ";" and not depth:
            yield "".join(part)
            part = []
        else:
            part.append(piece)
    yield "".join(part)


def _checked_value(value: str) -> str | None:
    """Give an unescaped value in normal form, or None: only known functions, ``url`` only to this document."""
    value = _LOCAL_URL.sub(r"url(#\2)", value)
    fits = _VALUE.fullmatch(value) and _is_balanced(value) and not _UNPRINTABLE.search(value)
    return value if fits and "/*" not in value else None


def _is_balanced(text: str) -> bool:
    """Whether every round bracket is closed, in order."""
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket == "(" else -1
        if depth < 0:
            return False
    return depth == 0
