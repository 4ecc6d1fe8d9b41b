"""``python -m editor [photo]`` is the same as the command ``mattelier``."""

from editor.cli import run

if __name__ == "__main__":
    run()
