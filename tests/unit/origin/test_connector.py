"""The guard at the socket."""

import socket

import pytest

from imgsvc.origin.addresses import Refusal
from imgsvc.origin.connector import AddressRefused, PeerGuard, attempting
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.settings import AccessSettings, OriginSettings

PUBLIC = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("8.8.8.8", 80))
LOOPBACK = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", 80, 0, 0))


@pytest.fixture
def policy() -> SourcePolicy:
    return SourcePolicy(AccessSettings(), OriginSettings(), LoopGuard())


def test_good_peer(policy):
    """A socket is made for a peer that passes."""
    with attempting(policy.hop("http://a.test/")), PeerGuard(policy)(PUBLIC) as made:
        assert made.family == socket.AF_INET


def test_bad_peer(policy):
    """No socket is made for one that does not, and the attempt knows why."""
    with attempting(policy.hop("http://a.test/")) as attempt, pytest.raises(AddressRefused):
        PeerGuard(policy)(LOOPBACK)

    assert attempt.refusals == [Refusal.LOOPBACK]


def test_outside_an_attempt(policy):
    """Nobody's connection is refused, however public its peer."""
    with attempting(policy.hop("http://a.test/")):
        pass
    with pytest.raises(AddressRefused):
        PeerGuard(policy)(PUBLIC)
