"""What ``POST /api/purge`` is told, from JSON to values."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from imgsvc.errors import InvalidRequest
from imgsvc.model.purge import Instructions, domain_of, prefix_of, tag_of
from imgsvc.model.source import Source
from imgsvc.web.sources import read_source

MAX_ITEMS = 1000
LISTS = ("urls", "prefixes", "domains", "tags")
HARD = "hard"

_T = TypeVar("_T")


def read_instructions(body: bytes) -> Instructions:
    """
    Understand a purge: an object of lists of texts, ``urls``, ``prefixes``, ``domains`` and ``tags``, and of ``hard``.

    Each may be left out or empty: who purges what has changed, and finds that nothing has, made no mistake.

    Raises:
        InvalidRequest: it is anything else, or asks for more than 1,000 things; *param* is the member.
        ObjectNotFound: a store key where no pictures are.
    """
    members = _members(body)
    for name in LISTS:
        if not isinstance(members[name], list) or not all(isinstance(text, str) for text in members[name]):
            raise InvalidRequest(f"{name} is a list of texts.", param=name)
    if not isinstance(members[HARD], bool):
        raise InvalidRequest("hard is true or false.", param=HARD)
    counts = {name: len(members[name]) for name in LISTS}
    if sum(counts.values()) > MAX_ITEMS:
        raise InvalidRequest(
            f"One request purges at most {MAX_ITEMS} things.", param=max(counts, key=counts.__getitem__)
        )
    return Instructions(
        urls=_each(members["urls"], _source),
        prefixes=_each(members["prefixes"], prefix_of),
        domains=_each(members["domains"], domain_of),
        tags=_each(members["tags"], tag_of),
        hard=members[HARD],
    )


def _members(body: bytes) -> dict[str, Any]:
    """Read the object, with what is left out filled in."""
    try:
        members = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.", param="body") from error
    if not isinstance(members, dict):
        raise InvalidRequest("The body is not a JSON object.", param="body")
    if unknown := members.keys() - {*LISTS, HARD}:
        name = min(unknown)
        raise InvalidRequest(f"A purge has {', '.join(LISTS)} and {HARD}, nothing else.", param=name[:64])
    return {**{name: [] for name in LISTS}, HARD: False, **members}


def _each(texts: list[str], read: Callable[[str], _T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(map(read, texts)))


def _source(text: str) -> Source:
    return read_source(text, param="urls")
