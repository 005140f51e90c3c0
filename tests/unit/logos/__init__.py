"""Tests of the room `logos`."""
