"""What services give back: names, times, followers."""

import pytest

from imgsvc.model.source import Source
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services.answers import ImageRequest, Served, Tier, Trace
from tests.support.blobs import SOURCE, blob_of


def test_a_request_knows_its_name():
    """Equal questions have equal names, and the plain original is called by its own."""
    small = TransformSpec(output=Output.PNG, width=10)
    assert ImageRequest(SOURCE, small).key == ImageRequest(Source(SOURCE.url), small).key
    assert ImageRequest(SOURCE, small).key != ImageRequest(SOURCE, TransformSpec(output=Output.PNG)).key
    assert ImageRequest(SOURCE, TransformSpec(output=Output.ORIGINAL)).key.endswith(f"{SOURCE.h16}/original")


def test_times_add_up_in_order():
    """What happens twice counts together, and names come in the order they first happened."""
    trace = Trace()
    trace.add("store", 1.0)
    trace.add("fetch", 2.0)
    trace.add("store", 0.5)

    assert list(trace.seconds.items()) == [("store", 1.5), ("fetch", 2.0)]


def test_failed_work_took_its_time_too():
    """A block that raises is counted."""
    trace = Trace()
    with pytest.raises(ValueError, match="x"), trace.timed("fetch"):
        raise ValueError("x")

    assert trace.seconds["fetch"] >= 0


def test_followers_get_the_same_answer():
    """A follower's answer is the leader's, but for the note that it only waited."""
    served = Served(blob_of(b"x"), Tier.ORIGIN, hit=False, trace=Trace())

    follower = served.as_follower()

    assert follower.collapsed
    assert not served.collapsed
    assert follower._replace(collapsed=False) == served
    assert follower.blob is served.blob
