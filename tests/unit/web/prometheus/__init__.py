"""Tests of the figures as Prometheus wants them."""
