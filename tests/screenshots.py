"""Pictures of the window at work, for the README and for the eye: ``python dev.py screenshots [FOLDER]``.

Without a folder, the three of the README are renewed in resources/pictures; with one, every picture is put there.

They are of the real window, drawn without a screen: the demo photo is opened, marked, cut out and given a background.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QWidget

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 180.0
README_PICTURES = ("wipe", "background", "small-light")
QUALITY = 92


class Studio:
    """The window, and what is needed to bring it into a state and take its picture."""

    def __init__(self, folder: Path, chosen: tuple[str, ...] = ()) -> None:
        from editor import app

        self.folder, self.chosen = folder, chosen
        self.window = app.build([])
        self.window.show()

    def wait(self, condition: Callable[[], bool] = lambda: True, still_s: float = 0.6) -> None:
        """Let the window live until the condition holds, and a little longer, so that everything is drawn."""
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > end:
                sys.exit("the window did not get there in time")
            self._turn()
        still_since = time.monotonic()
        while time.monotonic() - still_since < still_s:
            self._turn()
            if not self.window.desk.jobs.wait(0):
                still_since = time.monotonic()

    def take(self, name: str, size: tuple[int, int] = (1600, 1000), theme: str = "dark", scale: int = 1) -> None:
        """Save a picture of the window."""
        self.window.views.wear(theme)
        self.window.resize(*size)
        self.wait()
        self._save(self.window, name)

    def take_dialog(self, name: str, verb: str) -> None:
        """Open a dialog and save a picture of it."""
        self.window.actions_table.by_verb[verb].trigger()
        self.wait(still_s=0.2)
        dialog = QApplication.activeModalWidget()
        assert dialog is not None, verb
        self._save(dialog, name)
        dialog.close()

    def open_demo_marked(self) -> None:
        """The demo photo with its marks."""
        from editor.demo import draw_demo
        from editor.document import trimap

        self.window.files.open_demo()
        self.wait(lambda: self.window.desk.document is not None)
        document = self.window.desk.document
        with document.edit("Marks"):
            document.set_trimap(trimap.from_array(draw_demo().trimap))

    def compute(self) -> None:
        """The matte, by the engine that is chosen first."""
        self.window.matte_panel.compute()
        self.wait(lambda: self.window.desk.document.state.subject_layer.mask is not None)

    def close(self) -> None:
        """Close without questions."""
        document = self.window.desk.document
        if document is not None:
            self.window.desk.mark_saved(document.state)
        self.window.close()
        self.window.restore_hooks()

    def _save(self, widget: QWidget, name: str) -> None:
        if self.chosen and name not in self.chosen:
            return
        path = self.folder / f"{name}.jpg"
        widget.grab().save(str(path), None, QUALITY)
        print(path)

    def _turn(self) -> None:
        QApplication.processEvents()
        time.sleep(0.005)


def main(words: list[str]) -> int:
    """Take all pictures into the folder named, those of the README into resources/pictures."""
    folder = Path(words[0]) if words else ROOT / "resources" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["MATTELIER_HOME"] = home
        studio = Studio(folder, () if words else README_PICTURES)
        studio.take("start")
        studio.open_demo_marked()
        studio.take("marking")
        studio.compute()
        window = studio.window
        window.canvas.set_view("wipe")
        studio.take("wipe")
        studio.take("small-light", (1280, 720), "light")
        window.backdrops.blur()
        studio.wait(lambda: len(window.desk.document.state.layers) > 1)
        window.layers.select(window.desk.document.state.subject)
        window.layers.add_effect("drop-shadow")
        studio.take("background")
        studio.take("contrast", theme="contrast")
        window.views.wear("dark")
        for verb in ("window.export", "window.new_background", "window.preferences", "window.shortcuts"):
            studio.take_dialog(verb.removeprefix("window.").replace("_", "-"), verb)
        studio.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
