"""imgsvc: an image service for a site's front end."""

__version__ = "0.1.0"
