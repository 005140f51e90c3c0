"""Frozen values that every room talks about; no I/O, no await."""
