"""``python -m imgsvc`` is the command line."""

from imgsvc.cli import main

if __name__ == "__main__":
    main()
