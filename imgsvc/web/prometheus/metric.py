"""What a metric is: a name, a sentence, and the places in the document of figures that its samples come from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from msgspec import Struct

PREFIX = "imgsvc_"

_WORD_BEGINS = re.compile(r"(?<=[a-z])(?=[A-Z])|_")
_NAMES_AS_THEY_ARE = frozenset(("route",))

Sample = tuple[tuple[str, ...], float]
"""The labels' values, in their order, and the number."""


class Kind(StrEnum):
    """What may become of a metric's value: only more, or anything."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where in the document a metric's numbers are.

    Attributes:
        path: names of members with dots between them; ``{tier}`` stands for any name, which is that label's value.
        fixed: values of the labels that the path does not give.
        steps: the path, taken apart.
    """

    path: str
    fixed: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.path.split(".")))

    def numbers(self, document: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], str, float]]:
        """Give labels, full path and value of each number; what is None, or not there, is no number."""
        yield from _walk(document, self.steps, dict(self.fixed), "")


class Metric(Struct, frozen=True):
    """
    One metric.

    Attributes:
        name: without :data:`PREFIX`, and without the ``_total`` that a counter's samples have.
        kind: counter or gauge.
        text: what it tells, in a sentence.
        labels: their names, in order.
        places: where its numbers are.
        scale: by which the document's numbers are multiplied, to be in base units.
    """

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...]
    places: tuple[Place, ...]
    scale: float = 1.0

    @property
    def full_name(self) -> str:
        """The name that a query uses."""
        return f"{PREFIX}{self.name}{'_total' if self.kind is Kind.COUNTER else ''}"

    def samples(self, document: Mapping[str, Any]) -> Iterator[Sample]:
        """Give all samples of the document."""
        for place in self.places:
            for labels, _, number in place.numbers(document):
                yield tuple(_shown(name, labels[name]) for name in self.labels), number * self.scale


def counter(name: str, text: str, *places: Place | str) -> Metric:
    """Define what only grows; the labels are those of the first place."""
    return _metric(Kind.COUNTER, name, text, places)


def gauge(name: str, text: str, *places: Place | str, scale: float = 1.0) -> Metric:
    """Define what goes up and down; likewise."""
    return _metric(Kind.GAUGE, name, text, places, scale)


def _metric(kind: Kind, name: str, text: str, places: tuple[Place | str, ...], scale: float = 1.0) -> Metric:
    made = tuple(Place(place) if isinstance(place, str) else place for place in places)
    labels = (*made[0].fixed, *(step[1:-1] for step in made[0].steps if step.startswith("{")))
    return Metric(name, kind, text, labels, made, scale)


def _walk(
    value: Any, steps: tuple[str, ...], labels: dict[str, str], path: str
) -> Iterator[tuple[dict[str, str], str, float]]:
    if not steps:
        if isinstance(value, int | float):
            yield labels, path, float(value)
    elif isinstance(value, Mapping):
        step, rest = steps[0], steps[1:]
        if step.startswith("{"):
            for name, inner in value.items():
                yield from _walk(inner, rest, labels | {step[1:-1]: name}, f"{path}.{name}" if path else name)
        elif step in value:
            yield from _walk(value[step], rest, labels, f"{path}.{step}" if path else step)


def _shown(label: str, value: str) -> str:
    """Write every name of ours alike, ``OriginTimeout`` and ``not_modified`` too: in small letters, with dashes."""
    return value if label in _NAMES_AS_THEY_ARE else _WORD_BEGINS.sub("-", value).lower()
