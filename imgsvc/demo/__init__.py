"""Pictures drawn by this project, so that a first run needs no internet."""
