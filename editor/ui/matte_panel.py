"""The Matte panel: which engine, how, and the one primary button of the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QPushButton, QSizePolicy

from editor.api import Engine, Param, UserError
from editor.ui.button_row import ButtonRow
from editor.ui.desk import Desk
from editor.ui.engine_choice import EngineChoice
from editor.ui.fields import SliderField
from editor.ui.layer_commands import LayerCommands
from editor.ui.matte_commands import DEFAULT_BAND, MatteCommands
from editor.ui.models_commands import ModelsCommands
from editor.ui.panel import Panel, quiet
from editor.ui.portrait_commands import PortraitCommands
from editor.ui.settings_form import SettingsForm, form_label

_BAND = Param(
    "Unknown band",
    0.0,
    100.0,
    1.0,
    "%",
    help="How wide the band is that the engine works out: wide in hair, thin on cloth.",
)
_DECONTAMINATE = Param(
    "Decontaminate", 0.0, 100.0, 1.0, "%", help="How far the old background's colour is taken out of soft edges."
)


class MattePanel(Panel):
    """Engine, its settings, band, decontamination, Compute and Portrait, and Cancel while one of them runs."""

    def __init__(
        self,
        desk: Desk,
        matte: MatteCommands,
        layers: LayerCommands,
        models: ModelsCommands,
        portraits: PortraitCommands,
    ) -> None:
        super().__init__("matte", "Matte", desk.settings)
        self._desk, self._matte, self._layers, self._models = desk, matte, layers, models
        self._portraits = portraits
        portraits.preferred = lambda: self.choice.value()
        self._form: SettingsForm | None = None
        self._add_engine_choice()
        self._form_place = QHBoxLayout()
        self.body.addLayout(self._form_place)
        self._add_sliders()
        self._add_buttons()
        self._show_engine()
        desk.changed.connect(lambda before, after: self.refresh())
        desk.opened.connect(lambda document: self._opened())
        desk.jobs.changed.connect(self.refresh)
        self.refresh()

    def engine(self) -> Engine:
        """The engine that is chosen, with the settings in the form. ``UserError`` where there is none."""
        kind = self._desk.registry.engines.get(self.choice.value())
        if kind is None:
            raise UserError("No engine is installed.", "Look at Help, Plugins, to see what failed.")
        known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
        values = {} if self._form is None else self._form.values()
        return kind(**{name: value for name, value in values.items() if name in known})

    def compute(self) -> None:
        """What the button does."""
        self._matte.compute(self.engine())
        self.refresh()

    def refresh(self) -> None:
        """Show what holds now: what runs, what is possible."""
        document = self._desk.document
        running = self._matte.running()
        self.button.setEnabled(document is not None and not running and bool(self._desk.registry.engines))
        self.button.setText(("Stopping…" if self._matte.stopping() else "Computing…") if running else "Compute matte")
        self.cancel.setVisible(running)
        self.portrait.setVisible(not running)
        self.portrait.setEnabled(document is not None)
        self.band.setEnabled(self._matte.can_set_band())
        subject = None if document is None else document.state.subject_layer
        self.decontaminate.setEnabled(subject is not None and subject.foreground is not None)
        if subject is not None and not self.decontaminate.slider.isSliderDown():
            self.decontaminate.show_value(round(100 * subject.decontaminate))
        if document is not None and not self.band.slider.isSliderDown():
            self.band.show_value(self._matte.band())

    def _opened(self) -> None:
        document = self._desk.document
        name = None if document is None else document.state.notes.get("engine")
        self.engines.renew()
        if isinstance(name, str) and name:
            problem = self.engines.show_noted(name)
            if problem:
                self._desk.messages.say(*problem, [("Models…", lambda: self._models.show())])
        self.refresh()

    def _add_engine_choice(self) -> None:
        self.engines = EngineChoice(self._desk, self._models.show)
        self.choice = self.engines.choice
        self.engines.chosen.connect(self._show_engine)
        self._models.changed.connect(self.engines.renew)
        self._models.chosen.connect(self.engines.choose)
        form = _form()
        form.addRow(form_label("Engine", self.choice), self.engines)
        self.about = quiet(wrap=True)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.body.addLayout(form)
        self.body.addWidget(self.about)

    def _add_sliders(self) -> None:
        self.band = SliderField(_BAND, DEFAULT_BAND, whole=False)
        self.decontaminate = SliderField(_DECONTAMINATE, 100.0, whole=False)
        form = _form()
        for field, fact in ((self.band, _BAND), (self.decontaminate, _DECONTAMINATE)):
            field.name_parts(fact.label, f"{fact.help}\nDouble-click for the default.")
            form.addRow(form_label(fact.label, field), field)
        self.body.addLayout(form)
        self._both(self.band, self._matte.set_band)
        self._both(self.decontaminate, lambda value, final: self._layers.decontaminate(value / 100, final))

    def _both(self, field: SliderField, call: Callable[[float, bool], None]) -> None:
        field.changing.connect(lambda value: call(value, False))
        field.done.connect(lambda value: call(value, True))

    def _add_buttons(self) -> None:
        self.button = QPushButton("Compute matte")
        self.button.setProperty("primary", True)
        self.button.setAccessibleName("Compute matte")
        self.button.setToolTip("Compute the matte (Ctrl+Return)")
        self.button.setMinimumHeight(32)
        self.button.clicked.connect(lambda: self.compute())
        self.portrait = QPushButton("Portrait")
        self.portrait.setAccessibleName("Portrait: find the person")
        self.portrait.setMinimumHeight(32)
        self.portrait.clicked.connect(self._portraits.find)
        self.cancel = QPushButton("Cancel")
        self.cancel.setMinimumHeight(32)
        self.cancel.setToolTip("Stop computing (Esc)")
        self.cancel.setAccessibleName("Cancel computing the matte")
        self.cancel.clicked.connect(self._matte.cancel)
        self.body.addWidget(ButtonRow(self.button, self.portrait, self.cancel))

    def _show_engine(self) -> None:
        """The chosen engine's own line and its form."""
        if self._form is not None:
            self._form_place.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
            self._form = None
        kind = self._desk.registry.engines.get(self.choice.value())
        if kind is None:
            self.about.setText("No engine is installed. See Help, Plugins.")
            return
        self.portrait.setToolTip(f"{self._portraits.tip()} (Ctrl+Shift+P)")
        self.about.setText(f"{kind().device()}; licence: {kind.licence}. {kind.description}".strip())
        goes_by = "; it needs no marks, and keeps those that there are" if kind.finds_trimap else " from the marks"
        self.button.setToolTip(f"Compute the matte{goes_by} (Ctrl+Return)")
        kept = self._desk.settings.get(f"engine.{kind.name}", {})
        self._form = SettingsForm(kind, kept)
        self._form.edited.connect(lambda *_: self._keep(kind.name))
        self._form_place.addWidget(self._form)
        self._form.setVisible(bool(self._form.fields))

    def _keep(self, name: str) -> None:
        if self._form is not None:
            self._desk.settings.set(f"engine.{name}", self._form.values())


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(8)
    form.setVerticalSpacing(2)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    return form
