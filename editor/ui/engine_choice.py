"""Which engine computes the matte: those that can run here, the default first, and a way to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from editor.api import Engine
from editor.ui import icons
from editor.ui.desk import Desk
from editor.ui.fields import Choice


class EngineChoice(QWidget):
    """``chosen`` whenever another engine stands there, by whomever."""

    chosen = Signal()

    def __init__(self, desk: Desk, show_models: Callable[[], object]) -> None:
        super().__init__()
        self._desk = desk
        self.choice = Choice({}, "")
        self.choice.name_parts("Engine", "Which engine computes the matte")
        self.choice.done.connect(self._keep)
        self.models = QToolButton()
        icons.put(self.models, "more", 16)
        self.models.setAccessibleName("Models")
        self.models.setToolTip("More engines: networks and their weights")
        self.models.clicked.connect(lambda: show_models())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.choice, 1)
        row.addWidget(self.models)
        self.setFocusProxy(self.choice)
        self._fill()
        self.choice.show_value(desk.settings.get("engine", ""))

    def renew(self) -> None:
        """Offer what can run as things are now; the engine that was chosen stays where it still can."""
        before = self.choice.value()
        self._fill()
        self.choice.show_value(before)
        self.chosen.emit()

    def choose(self, name: str) -> None:
        """Choose an engine as the user would; one that is not offered changes nothing."""
        if self.choice.findData(name) >= 0:
            self.choice.show_value(name)
            self._keep(name)

    def show_noted(self, name: str) -> tuple[str, str] | None:
        """Show the engine that a project names; where it cannot run here, what to tell of it, and what to do."""
        if self.choice.findData(name) >= 0:
            if name != self.choice.value():
                self.choice.show_value(name)
                self.chosen.emit()
            return None
        engine = self._desk.registry.engines.get(name)
        used = self.choice.currentText() or "None"
        hint = f"{used} is chosen instead; the matte is still there."
        if engine is None:
            return f"This project's matte was made by the engine {name}, which is not installed.", hint
        return f"This project's matte was made by {engine.title}, which cannot run here.", f"{engine.missing()} {hint}"

    def _fill(self) -> None:
        self.choice.clear()
        for engine in usable(self._desk.registry.engines.values()):
            self.choice.addItem(engine.title, engine.name)

    def _keep(self, name: object) -> None:
        self._desk.settings.set("engine", name)
        self.chosen.emit()


def usable(engines: Iterable[type[Engine]]) -> list[type[Engine]]:
    """Those that can run here, the highest rank first."""
    return sorted((engine for engine in engines if not engine.missing()), key=lambda engine: -engine.rank)
