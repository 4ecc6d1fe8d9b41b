"""What the program says to its user: banners under the options bar, never a box that must be clicked away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from editor.errors import Cancelled, UserError, not_enough_memory
from editor.paths import log_file
from editor.ui import icons
from editor.ui.exception_hooks import report_text

_LOG = logging.getLogger("mattelier.window")
_MOST_BANNERS = 3
Button = tuple[str, Callable[[], None]]


class Banner(QFrame):
    """One message: what happened, what to do, and buttons for doing it."""

    lasting = False
    """True for one that must be answered: only its own buttons and Esc close it."""

    def __init__(
        self, kind: str, message: str, hint: str, buttons: Sequence[Button], close: Callable[[], None]
    ) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.setProperty("kind", kind)
        self.message, self.hint = message, hint
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self._sign("warning" if kind == "error" else "info"))
        row.addWidget(self._words(), 1)
        for text, call in buttons:
            button = QPushButton(text)
            button.setAccessibleName(text)
            button.setToolTip(text)
            button.clicked.connect(call)
            row.addWidget(button)
        cross = QToolButton()
        icons.put(cross, "close", 16)
        cross.setToolTip("Close this message (Esc)")
        cross.setAccessibleName("Close this message")
        cross.clicked.connect(close)
        row.addWidget(cross)
        self.setAccessibleName(f"{message} {hint}".strip())

    def _sign(self, name: str) -> QLabel:
        sign = QLabel()
        icons.put_sign(sign, name, 18)
        return sign

    def _words(self) -> QLabel:
        words = QLabel(f"{self.message} {self.hint}".strip())
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return words


class Messages(QWidget):
    """The banners, newest below. ``close_newest`` is for Esc."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setVisible(False)

    def banners(self) -> list[Banner]:
        """The banners that are seen, oldest first."""
        items = [self._column.itemAt(i).widget() for i in range(self._column.count())]
        return [item for item in items if isinstance(item, Banner)]

    def say(
        self,
        message: str,
        hint: str = "",
        buttons: Sequence[Button] = (),
        kind: str = "note",
        lasting: bool = False,
    ) -> Banner:
        """Show a banner; a button closes it before it acts. The same words are not shown twice.

        A ``lasting`` one is not closed by later ones, nor by :meth:`clear`.
        """
        for banner in self.banners():
            if (banner.message, banner.hint) == (message, hint):
                return banner
        made: list[Banner] = []

        def close() -> None:
            self._remove(made[0])

        wired = [(text, _after(close, call)) for text, call in buttons]
        made.append(Banner(kind, message, hint, wired, close))
        made[0].lasting = lasting
        self._column.addWidget(made[0])
        for banner in self._passing()[:-_MOST_BANNERS]:
            self._remove(banner)
        self.setVisible(True)
        return made[0]

    def show_error(self, error: BaseException) -> None:
        """A ``UserError`` in its own words, ``Cancelled`` not at all, anything else as the bug it is.

        Too little memory is no bug.
        """
        if isinstance(error, Cancelled):
            return
        if isinstance(error, MemoryError):
            error = not_enough_memory()
        if isinstance(error, UserError):
            _LOG.info("%s", error)
            self.say(error.message, error.hint, kind="error")
            return
        _LOG.error("unexpected", exc_info=error)
        report = report_text(error)
        self.say(
            "This is a bug in Mattelier.",
            f"Your work is still here and can be saved. {type(error).__name__}: {error}"[:300],
            [
                ("Copy report", lambda: QGuiApplication.clipboard().setText(report)),
                ("Where is the log?", self._say_log),
            ],
            kind="error",
        )

    def close_newest(self) -> bool:
        """Close the newest banner; False where there is none."""
        banners = self.banners()
        if banners:
            self._remove(banners[-1])
        return bool(banners)

    def clear(self) -> None:
        """Close all but the lasting ones."""
        for banner in self._passing():
            self._remove(banner)

    def _passing(self) -> list[Banner]:
        return [banner for banner in self.banners() if not banner.lasting]

    def _say_log(self) -> None:
        self.say("The log lies here:", str(log_file()))

    def _remove(self, banner: Banner) -> None:
        self._column.removeWidget(banner)
        banner.hide()
        banner.deleteLater()
        self.setVisible(bool(self.banners()))


def _after(close: Callable[[], None], call: Callable[[], None]) -> Callable[[], None]:
    def pressed() -> None:
        close()
        call()

    return pressed
