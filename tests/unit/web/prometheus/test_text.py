"""The page that Prometheus reads."""

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from imgsvc.web.metrics import BOUNDS, Times
from imgsvc.web.prometheus.text import folded, render

DOCUMENT = {"health": {"version": "1.2.3"}, "sent_bytes": 5, "requests": {"/a": {"200": 3}}}
COUNTS = (1, *[0] * (len(BOUNDS) - 2), 2, 4)
TIMES = (Times("/a", "memory", COUNTS, 12.5),)


def samples(text: bytes, read=plain_text) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in read(text.decode())
        for sample in family.samples
    }


def test_numbers_histogram_and_version():
    """Every number of the document is a sample, times are a histogram, and the version is a label."""
    text, content_type = render(DOCUMENT, TIMES, None)
    found = samples(text)

    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert found["imgsvc_sent_bytes_total",] == 5
    assert found["imgsvc_requests_total", "route=/a", "status=200"] == 3
    assert found["imgsvc_build_info", "version=1.2.3"] == 1
    assert found["imgsvc_request_duration_seconds_sum", "route=/a", "tier=memory"] == 12.5
    assert found["imgsvc_request_duration_seconds_count", "route=/a", "tier=memory"] == 7
    assert found["imgsvc_request_duration_seconds_bucket", "le=1.0", "route=/a", "tier=memory"] == 1
    assert found["imgsvc_request_duration_seconds_bucket", "le=100.0", "route=/a", "tier=memory"] == 3
    assert found["process_resident_memory_bytes",] > 0
    assert any(name == "python_info" for name, *_ in found)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text", "application/openmetrics-text"),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4"),
        ("text/html", "text/plain; version=0.0.4"),
        ("application/openmetrics-text; version=one", "text/plain; version=0.0.4"),
        ("application/openmetrics-text; version=1.0.0\xe9", "text/plain; version=0.0.4"),
        ("text/plain; version=", "text/plain; version=0.0.4"),
    ],
)
def test_what_is_accepted_is_answered(accept, media_type):
    """OpenMetrics for whoever asks for it, plain text for all others, nonsense included; both can be read."""
    text, content_type = render(DOCUMENT, TIMES, accept)

    assert content_type.startswith(media_type)
    read = open_metrics if content_type.startswith("application") else plain_text
    assert samples(text, read)["imgsvc_requests_total", "route=/a", "status=200"] == 3


@given(
    st.text(max_size=60) | st.from_regex(r"(application/openmetrics-text|text/plain); ?version=.{0,9}", fullmatch=True)
)
def test_no_header_breaks_the_page(accept):
    """Whatever a client says that it accepts, there is a page, and its type is one line of ASCII."""
    text, content_type = render(DOCUMENT, TIMES, accept)

    assert text.endswith(b"\n")
    assert content_type.isascii()
    assert content_type.isprintable()
    assert len(content_type) < 120


@given(st.lists(st.integers(0, 1000), min_size=len(BOUNDS) + 1, max_size=len(BOUNDS) + 1))
def test_folding_loses_nothing(counts):
    """Each bound of the histogram is one that was counted by, with all below it; the last has all."""
    buckets = folded(tuple(counts))
    sums = [*accumulate(counts)]

    assert len(buckets) <= 15
    assert [float(bound) for bound, _ in buckets] == sorted(float(bound) for bound, _ in buckets)
    assert buckets[-1] == ("+Inf", sums[-1])
    for bound, count in buckets:
        assert count == (sums[-1] if math.isinf(float(bound)) else sums[BOUNDS.index(float(bound))])
