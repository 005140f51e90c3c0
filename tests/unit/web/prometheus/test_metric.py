"""Where the numbers of a metric come from."""

import pytest

from imgsvc.web.prometheus.metric import Place, counter, gauge

DOCUMENT = {
    "caches": {
        "memory": {"hits": 3, "evictions": {"capacity": 1, "not_wanted": 2}},
        "store": {"hits": 4, "evictions": 5},
    },
    "on": True,
    "ceiling": None,
    "state": "OK",
    "nested": {"a": {"b": 1}},
    "requests": {"/api/cache/images": {"200": 7}, "/api/assets/{assetId}": {"404": 8}},
}


def test_a_label_is_any_name():
    """A path with a label gives a sample for each name there."""
    metric = counter("cache_hits", "Hits.", "caches.{tier}.hits")

    assert (metric.full_name, metric.labels) == ("imgsvc_cache_hits_total", ("tier",))
    assert list(metric.samples(DOCUMENT)) == [(("memory",), 3.0), (("store",), 4.0)]


def test_a_place_may_give_labels_that_its_path_has_not():
    """One metric has samples from several places; a path that ends in no number gives none."""
    place = Place("caches.store.evictions", {"tier": "store", "reason": "capacity"})
    metric = counter("evictions", "Evictions.", "caches.{tier}.evictions.{reason}", place)

    assert list(metric.samples(DOCUMENT)) == [
        (("memory", "capacity"), 1.0), (("memory", "not-wanted"), 2.0), (("store", "capacity"), 5.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "numbers"), [("on", [1.0]), ("ceiling", []), ("state", []), ("nested", []), ("no", [])]
)
def test_what_is_a_number(path, numbers):
    """Yes and no are 1 and 0; texts, nothing and what has members are no numbers."""
    assert [number for _, number in gauge("name", "Text.", path).samples(DOCUMENT)] == numbers


def test_base_units():
    """What the document has in another unit is scaled."""
    ((_, number),) = gauge("name_seconds", "Text.", "nested.a.b", scale=1e-9).samples(DOCUMENT)

    assert number == 1e-9


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("OriginTimeout", "origin-timeout"),
        ("not_modified", "not-modified"),
        ("6to4-embedded", "6to4-embedded"),
        ("OK", "ok"),
    ],
)
def test_names_are_written_alike(name, shown):
    """Classes, members and reasons all become small letters with dashes."""
    assert list(counter("n", "Text.", "all.{outcome}").samples({"all": {name: 1}})) == [((shown,), 1.0)]


def test_routes_keep_their_names():
    """A route is what the application calls it."""
    metric = counter("requests", "Answers.", "requests.{route}.{status}")

    assert list(metric.samples(DOCUMENT)) == [
        (("/api/cache/images", "200"), 7.0), (("/api/assets/{assetId}", "404"), 8.0),
    ]  # fmt: skip
