"""JSON from strangers: any text in, a value or nothing out."""

import json
import re
from typing import Any

# What hid scripts from XML; around it stood comments, which the outermost brackets leave behind.
_CDATA_MARKS = ("<![CDATA[", "]]>")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")


def read_json(text: str) -> Any:
    """
    Parse JSON (RFC 8259); None for what is none, is nested too deeply, or is null.

    Line feeds in strings are let pass. What surrounds the value (comments, CDATA marks, a semicolon) and commas before
    a closing bracket are taken away only when it is not JSON as it stands, since that may touch a string.
    """
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        return json.loads(_TRAILING_COMMA.sub("", _unwrapped(text)), strict=False)
    except (ValueError, RecursionError):  # numbers of thousands of digits are a ValueError, too
        return None


def _unwrapped(text: str) -> str:
    """Cut from the first opening to the last closing bracket."""
    for mark in _CDATA_MARKS:
        text = text.replace(mark, "")
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    return text[min(starts, default=0) : max(text.rfind("}"), text.rfind("]")) + 1]
