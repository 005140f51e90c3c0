"""Figures as text that Prometheus reads; for a thread, for writing a page takes milliseconds."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from imgsvc.web.metrics import BOUNDS, PER_DECADE, Times
from imgsvc.web.prometheus.definitions import BUILD, DURATION, METRICS
from imgsvc.web.prometheus.metric import PREFIX, Kind

_FAMILIES = {Kind.COUNTER: CounterMetricFamily, Kind.GAUGE: GaugeMetricFamily}
_APART = PER_DECADE // 2
"""Of the buckets that are held every seventh is a bound of the histogram: two a decade, fourteen in all."""

_MEDIA_TYPE = re.compile(r"[a-z/-]+; version=[0-9.]{1,8}; charset=utf-8(; escaping=[a-z0-9-]+)?")
_BOUND_TEXTS = (*(repr(bound) for bound in BOUNDS[::_APART]), "+Inf")


class Snapshot(Collector):
    """
    The figures of one moment.

    Args:
        document: as :meth:`imgsvc.web.figures.Figures.current` gives it.
        times: of answers.
    """

    def __init__(self, document: Mapping[str, Any], times: Iterable[Times]) -> None:
        self._document = document
        self._times = times

    def collect(self) -> Iterator[Family]:
        """Give them by metric."""
        for metric in METRICS:
            family = _FAMILIES[metric.kind](PREFIX + metric.name, metric.text, labels=metric.labels)
            for labels, number in metric.samples(self._document):
                family.add_metric(labels, number)
            yield family
        yield self._durations()
        yield InfoMetricFamily(PREFIX + BUILD[0], BUILD[1], {"version": self._document["health"]["version"]})

    def _durations(self) -> Family:
        family = HistogramMetricFamily(PREFIX + DURATION[0], DURATION[1], labels=("route", "tier"))
        for times in self._times:
            family.add_metric((times.route, times.tier), folded(times.counts), times.seconds)
        return family


def folded(counts: tuple[int, ...]) -> list[tuple[str, float]]:
    """Fold all buckets into those of the histogram: upper bounds, and how many answers took no longer."""
    sums = list(accumulate(counts))
    return list(zip(_BOUND_TEXTS, (*sums[: len(BOUNDS) : _APART], sums[-1]), strict=True))


def render(document: Mapping[str, Any], times: Iterable[Times], accept: str | None) -> tuple[bytes, str]:
    """
    Write the page, with what the library knows of the process itself and its interpreter.

    Args:
        document: as :meth:`imgsvc.web.figures.Figures.current` gives it.
        times: of answers.
        accept: the client's header; OpenMetrics where it asks for that.

    Returns:
        the text and its media type.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Snapshot(document, times))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    encode, content_type = _encoder(accept or "")
    return encode(registry), content_type


def _encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    """Have the library choose; it compares versions that are no numbers with numbers, and repeats what it was sent."""
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):
        return choose_encoder("")
    return (encode, content_type) if _MEDIA_TYPE.fullmatch(content_type) else choose_encoder("")
