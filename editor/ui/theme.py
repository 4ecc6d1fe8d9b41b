"""The look: one table of colours per theme, made into Qt's palette and the style sheet."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from editor.paths import resource


@dataclass(frozen=True)
class Theme:
    """Colours as ``#rrggbb``. ``error_ground`` and ``note_ground`` are what banners lie on."""

    name: str
    title: str
    window: str
    panel: str
    field: str
    line: str
    surround: str
    text: str
    secondary: str
    accent: str
    primary: str
    primary_text: str
    selected: str
    selected_text: str
    selected_secondary: str
    hover: str
    disabled: str
    error_ground: str
    error_line: str
    note_ground: str
    knob_line: str
    line_px: int = 1


DARK = Theme(
    name="dark", title="Dark", window="#1e1f22", panel="#26282c", field="#2d3035", line="#383b41", surround="#17181a",
    text="#e6e7ea", secondary="#9aa0a8", accent="#4c9ffe", primary="#4c9ffe", primary_text="#0b1422",
    selected="#1f3b5c", selected_text="#e6e7ea", selected_secondary="#b7c2d0", hover="#33363c", disabled="#6b7077",
    error_ground="#4a2426", error_line="#c2565a", note_ground="#1f3b5c", knob_line="#ffffff",
)  # fmt: skip
LIGHT = Theme(
    name="light", title="Light", window="#f3f4f5", panel="#fafafa", field="#ffffff", line="#d9dbde", surround="#c9c9c9",
    text="#1d1f22", secondary="#5c636b", accent="#1f78e0", primary="#1b6cd0", primary_text="#ffffff",
    selected="#d3e4f9", selected_text="#12243a", selected_secondary="#44505e", hover="#e8eaed", disabled="#9aa0a8",
    error_ground="#fbe3e3", error_line="#c4393f", note_ground="#e2edfb", knob_line="#8b929b",
)  # fmt: skip
CONTRAST = Theme(
    name="contrast", title="High contrast", window="#000000", panel="#000000", field="#000000", line="#ffffff",
    surround="#000000", text="#ffffff", secondary="#ffffff", accent="#ffff00", primary="#ffff00",
    primary_text="#000000", selected="#ffff00", selected_text="#000000", selected_secondary="#000000",
    hover="#333333", disabled="#b0b0b0", error_ground="#000000", error_line="#ffff00", note_ground="#000000",
    knob_line="#000000", line_px=2,
)  # fmt: skip
THEMES = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST)}

TEXT_PX, PANEL_TEXT_PX, ROW_PX = 13, 12, 28

# the trimap's labels, the same in every theme
LABEL_COLOURS = {"foreground": "#3fa9e0", "background": "#e8702e", "unknown": "#ffffff"}


def text_pairs(theme: Theme) -> list[tuple[str, str, str]]:
    """(what it is, text colour, colour under it) for all text that is to be read."""
    pairs = [("primary button", theme.primary_text, theme.primary), ("error", theme.text, theme.error_ground)]
    pairs += [("note", theme.text, theme.note_ground)]
    for ground in ("window", "panel", "field", "hover"):
        pairs.append((f"text on {ground}", theme.text, getattr(theme, ground)))
        pairs.append((f"secondary text on {ground}", theme.secondary, getattr(theme, ground)))
    pairs.append(("selected", theme.selected_text, theme.selected))
    pairs.append(("secondary on selected", theme.selected_secondary, theme.selected))
    return pairs


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours after WCAG 2.1, 1 to 21."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palette(theme: Theme) -> QPalette:
    """Qt's palette in the theme's colours, for what a style sheet does not reach."""
    roles = {
        QPalette.ColorRole.Window: theme.panel, QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.field, QPalette.ColorRole.AlternateBase: theme.hover,
        QPalette.ColorRole.Text: theme.text, QPalette.ColorRole.Button: theme.field,
        QPalette.ColorRole.ButtonText: theme.text, QPalette.ColorRole.BrightText: theme.primary_text,
        QPalette.ColorRole.Highlight: theme.selected, QPalette.ColorRole.HighlightedText: theme.selected_text,
        QPalette.ColorRole.ToolTipBase: theme.panel, QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Link: theme.accent, QPalette.ColorRole.PlaceholderText: theme.secondary,
        QPalette.ColorRole.Mid: theme.line, QPalette.ColorRole.Midlight: theme.hover,
        QPalette.ColorRole.Dark: theme.surround, QPalette.ColorRole.Accent: theme.accent,
    }  # fmt: skip
    made = QPalette()
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.disabled))
    return made


def style_sheet(theme: Theme) -> str:
    """The style sheet of the whole program in the theme's colours."""
    text = resource("style/window.qss").read_text(encoding="utf-8")
    numbers = {"text_px": TEXT_PX, "panel_text_px": PANEL_TEXT_PX, "row_px": ROW_PX}
    return Template(text).substitute(asdict(theme) | numbers)


def apply(app: QApplication, name: str) -> Theme:
    """Dress the program in the theme called ``name`` (dark where there is none of that name)."""
    theme = THEMES.get(name, DARK)
    if app.property("theme") == theme.name:
        return theme  # dressing every widget anew takes time
    app.setStyle("Fusion")
    font = app.font()
    font.setPixelSize(TEXT_PX)
    app.setFont(font)
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme))
    app.setProperty("theme", theme.name)
    return theme


def current() -> Theme:
    """The theme that the program wears now."""
    app = QApplication.instance()
    return THEMES.get(str(app.property("theme")), DARK) if app is not None else DARK


def _luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, WCAG 2.1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
