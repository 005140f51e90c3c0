"""Tier 3: the guarded way to the outside."""
