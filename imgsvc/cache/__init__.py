"""Tier 1 and what makes many equal questions one."""
