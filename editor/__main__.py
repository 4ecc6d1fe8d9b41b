"""``python -m editor [photo]`` is the same as the command ``mattelier``."""

import sys

from editor.cli import main

if __name__ == "__main__":
    sys.exit(main())
