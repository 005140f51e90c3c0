"""
Where in a folder an object lies: keys to relative paths and back, one to one.

* A path is written in lower case and ASCII, so that file systems which fold case or normalise Unicode keep apart
  what keys keep apart; everything else is written ``%xx``, as is a leading dot, so that no key names a hidden folder.
* A segment longer than :data:`PIECE_CHARS` when so written goes on in a sub-folder whose name begins with ``+``:
  common file systems take 255 bytes a name.
* The object's own file ends in :data:`FILE_SUFFIX`, which no folder does: ``a`` and ``a/b`` can both be objects.

``+`` and ``=`` are never written otherwise. Example: ``images/image/0123456789abcdef/original`` lies in
``images/image/0123456789abcdef/original=o``.
"""

import re
from urllib.parse import unquote

from imgsvc.errors import BadKey
from imgsvc.model.keys import validate_key

FILE_SUFFIX = "=o"
PIECE_CHARS = 200
TEMPORARY_FOLDER = ".tmp"
"""Beside the objects, in the same file system; a leading dot keeps it out of every key's reach."""

_WRITTEN_OTHERWISE = re.compile(rb"^\.|[^a-z0-9._,-]")


def path_of(key: str) -> str:
    """Give the relative path of the file of *key*, which is valid."""
    return folder_of(key) + FILE_SUFFIX


def folder_of(prefix: str) -> str:
    """Give the relative path of the folder in which all keys below *prefix* lie; *prefix* has no slash at its end."""
    return "/".join(_written(segment) for segment in prefix.split("/")) if prefix else ""


def key_of(path: str) -> str | None:
    """Give the key whose file *path* is; None when it is no key's."""
    if not path.endswith(FILE_SUFFIX):
        return None
    try:
        key = validate_key(unquote(path.removesuffix(FILE_SUFFIX).replace("/+", ""), errors="strict"))
    except (UnicodeDecodeError, BadKey):
        return None
    return key if path_of(key) == path else None


def _written(segment: str) -> str:
    text = _WRITTEN_OTHERWISE.sub(lambda match: b"%%%02x" % ord(match[0]), segment.encode()).decode("ascii")
    return "/+".join(text[i : i + PIECE_CHARS] for i in range(0, len(text), PIECE_CHARS))
