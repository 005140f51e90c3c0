"""Tier 2: whole objects, on disk or in S3."""
