"""Bytes in motion; knows no HTTP server, no S3, no libvips."""
