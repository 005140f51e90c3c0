"""The composition root: every object is made here, once, in the order in which they need each other."""

from imgsvc.app.composition import Opened, open_services
from imgsvc.app.places import make_store
from imgsvc.app.serving import CannotListenError, serve

__all__ = ["CannotListenError", "Opened", "make_store", "open_services", "serve"]
