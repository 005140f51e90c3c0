"""Bytes that are held because they are being sent."""

import pytest

from imgsvc.services.outgoing import Outgoing


def test_one_picture_sent_to_many_counts_once():
    """The same bytes are held once, however many get them; other bytes add up."""
    outgoing, one, other = Outgoing(), bytes(1000), bytes(500)
    with outgoing.sending(one), outgoing.sending(one), outgoing.sending(other):
        during = outgoing.statistics()

    assert (during.answers, during.bytes) == (3, 1500)
    assert (outgoing.statistics().answers, outgoing.bytes) == (0, 0)


def test_whatever_happens_they_are_given_back():
    """A client that leaves holds nothing."""
    outgoing = Outgoing()
    with pytest.raises(ConnectionResetError), outgoing.sending(bytes(1000)):
        raise ConnectionResetError

    assert outgoing.bytes == 0
