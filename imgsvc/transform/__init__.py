"""Pixels in, pixels out; with vision the only room that knows libvips."""
