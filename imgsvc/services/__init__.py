"""Answers questions by walking the tiers."""
