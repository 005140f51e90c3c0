"""Names, sentences and units of all metrics."""

import re

import pytest

from imgsvc.web.prometheus.definitions import BUILD, DURATION, LEFT_OUT, METRICS
from imgsvc.web.prometheus.metric import Kind

NAMED_IN_THE_CONTRACT = {
    "imgsvc_memory_rss_bytes": (), "imgsvc_requests_total": ("route", "status"), "imgsvc_cache_hits_total": ("tier",),
    "imgsvc_origin_fetches_total": ("outcome",), "imgsvc_coalescing_in_flight": (),
}  # fmt: skip


def test_names_that_were_promised():
    """What http-api.md names is called so, with these labels."""
    known = {metric.full_name: metric.labels for metric in METRICS}

    assert {name: known.get(name) for name in NAMED_IN_THE_CONTRACT} == NAMED_IN_THE_CONTRACT


def test_no_name_is_given_twice():
    """Neither a metric nor a place in the document belongs to two."""
    names = [*(metric.name for metric in METRICS), DURATION[0], BUILD[0]]
    paths = [place.path for metric in METRICS for place in metric.places]

    assert len(names) == len(set(names))
    assert len(paths) == len(set(paths))
    assert not set(paths) & set(LEFT_OUT)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_conventions(metric):
    """Names are words with their unit last, texts are sentences, and every place gives all labels."""
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", metric.name)
    assert not metric.name.endswith(("_total", "_count", "_sum", "_bucket", "_info", "_s", "_ms"))
    assert re.fullmatch(r"[A-Z0-9].*\.", metric.text)
    assert metric.full_name.endswith("_total") == (metric.kind is Kind.COUNTER)
    for place in metric.places:
        given = {*place.fixed, *(step[1:-1] for step in place.steps if step.startswith("{"))}
        assert given == set(metric.labels)
        for unit in ("bytes", "seconds"):
            assert (unit in metric.name) == (unit in place.path or (unit == "seconds" and place.path.endswith("_s")))
