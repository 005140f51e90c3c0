"""JSON schemas of what is answered, made from the types that the answers have."""

import re
from collections.abc import Mapping
from typing import Any, is_typeddict

from msgspec.json import schema_components

from imgsvc.model.descriptions import Description, StandIn
from imgsvc.services.figures import MemoryFigures
from imgsvc.services.health import HealthReport
from imgsvc.services.logos.explaining import ExplainedCandidate, Explanation
from imgsvc.services.opengraph.page_answer import PageAnswer
from imgsvc.web.answers import Live, ProblemDocument, Purged, RecentAnswer, RecentRequest, Removed, VerdictAnswer
from imgsvc.web.error_map import codes

ANSWERS: tuple[type, ...] = (
    Description, StandIn, Explanation, ExplainedCandidate, VerdictAnswer, PageAnswer, Removed, Purged, HealthReport,
    Live, MemoryFigures, ProblemDocument, RecentAnswer, RecentRequest,
)  # fmt: skip
"""Types of answers, and of parts of them; a schema has its type's name."""

_GROUP = {"type": "object", "additionalProperties": {"type": "object"}}
_COUNTS = {"type": "object", "additionalProperties": {"type": "integer"}}
METRICS: Mapping[str, Any] = {
    "type": "object",
    "description": "All figures of this process; `_bytes`, `_seconds` and `_ms` are units.",
    "required": [
        "memory", "ladder", "samples", "caches", "coalescing", "queue", "requests", "answers", "aborted", "sent_bytes",
        "latency_ms", "logo_sources", "refusals", "health", "process",
    ],
    "properties": {
        "memory": {
            "allOf": [{"$ref": "#/components/schemas/MemoryFigures"}],
            "description": "The latest reading, and what is reserved of it.",
        },
        "ladder": {"type": "object", "description": "The level, and how often each was reached."},
        "samples": {"type": "array", "items": {"type": "object"}, "description": "Readings, the oldest first."},
        "caches": _GROUP | {"description": "By tier: entries, hits, misses, evictions. `repeats` is of the hit path."},
        "coalescing": {"type": "object", "description": "Work that is shared."},
        "queue": _GROUP | {"description": "What waits and what runs, by owner."},
        "requests": _GROUP | {"description": "Numbers of answers, by route and status."},
        "answers": _GROUP | {"description": "Numbers of pictures answered, by tier and by how they were there."},
        "aborted": _COUNTS | {"description": "Numbers of answers that did not come to their end, by route."},
        "sent_bytes": {"type": "integer", "description": "Written to clients, heads included."},
        "process": _COUNTS | {"description": "Tasks of the event loop, and threads of Python's."},
        "health": {"type": "object", "description": "The report, each reason with whether it holds."},
        "latency_ms": _GROUP | {"description": "Percentiles and counts, by route and tier."},
        "logo_sources": _COUNTS | {"description": "Answers by where their logo was found."},
        "refusals": _COUNTS | {"description": "By reason."},
    },
}  # fmt: skip
"""Owners of figures come and go; what is here is what is promised."""

_ENTRY = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def schemas() -> dict[str, Any]:
    """Make the schema of every answer, and of what they are made of."""
    _, found = schema_components(ANSWERS, ref_template="#/components/schemas/{name}")
    orders = {answer.__name__: list(answer.__annotations__) for answer in ANSWERS if is_typeddict(answer)}
    made = {name: _described(schema, orders.get(name)) for name, schema in found.items()}
    # Some codes are of no operation, such as that of a wrong method; a client has to know them all the same.
    made[ProblemDocument.__name__]["properties"]["code"]["enum"] = sorted({code for _, code in codes()})
    return dict(sorted((made | {"Metrics": dict(METRICS)}).items()))


def _described(schema: dict[str, Any], order: list[str] | None) -> dict[str, Any]:
    """
    Take what a docstring says of its attributes to where OpenAPI has it.

    Args:
        schema: as msgspec makes it.
        order: of the members of a TypedDict, which it sorts.
    """
    text, _, attributes = schema.pop("description", "").partition("\n\nAttributes:\n")
    said = {name: " ".join(words.split()) for name, words in _ENTRY.findall(attributes)}
    given = schema.get("properties", {})
    members = {
        name: _untitled(given[name]) | ({"description": _sentence(said[name])} if name in said else {})
        for name in order or given
    }
    described = _untitled(schema) | _membership(schema, members)
    return {"description": _sentence(" ".join(text.split()))} | described if text else described


def _membership(schema: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
    """Say which members there are, and which always: one with a default is written, too."""
    given = schema.get("properties", {})
    always = [name for name in members if name in schema["required"] or "default" in given[name]]
    return {"properties": members, "required": always} if members else {}


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out what repeats the name, and defaults, which mean nothing in an answer; say that words are texts."""
    kind = {"type": "string"} if all(isinstance(word, str) for word in schema.get("enum", [0])) else {}
    return kind | {name: value for name, value in schema.items() if name not in ("title", "default")}


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:]).replace("``", "`")
