"""The composition root: every object is made here, once, in the order in which they need each other."""

from imgsvc.app.composition import Opened, open_services
from imgsvc.app.listening import CannotListenError
from imgsvc.app.places import make_store
from imgsvc.app.serving import serve
from imgsvc.app.supervisor import Supervisor

__all__ = ["CannotListenError", "Opened", "Supervisor", "make_store", "open_services", "serve"]
