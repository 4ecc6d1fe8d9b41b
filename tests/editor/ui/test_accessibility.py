"""Every control can be heard, explained, reached by Tab, and seen whole at 1280 x 720, in longer words as well."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QScrollArea,
    QSlider,
    QWidget,
)

from editor.ui import icons
from editor.ui.lists import PluginsList, ShortcutsList, keys_of
from editor.ui.panel import ElidedLabel
from editor.ui.tool_column import in_order

CONTROLS = (QAbstractButton, QSlider, QAbstractSpinBox, QComboBox, QListWidget, QLineEdit)


def controls(root: QWidget) -> list[QWidget]:
    """Every control that is seen; the text inside a number field belongs to the field."""
    found = [child for kind in CONTROLS for child in root.findChildren(kind) if child.isVisible()]
    inner = (QAbstractSpinBox, QComboBox)
    return [
        child for child in dict.fromkeys(found) if not isinstance(child.parentWidget(), inner) and not _qts_own(child)
    ]


def _qts_own(widget: QWidget) -> bool:
    return widget.objectName().startswith("qt_")


def describe(widget: QWidget) -> str:
    text = getattr(widget, "text", lambda: "")()
    return f"{type(widget).__name__} {text!r} in {type(widget.parentWidget()).__name__}"


@pytest.fixture
def busy(cut, pump):
    """A window with all its panels at work: three layers, two effects."""
    cut.layers.add_gradient()
    cut.layers.add_colour()
    for name in list(cut.desk.registry.effects)[:2]:
        cut.layers.add_effect(name)
    pump.once()
    return cut


def test_every_control_has_a_name_for_a_screen_reader(busy):
    nameless = [describe(each) for each in controls(busy) if not (each.accessibleName() or _own_text(each))]
    assert nameless == []


def _own_text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QAbstractButton) else ""


def test_every_control_has_a_tip(busy):
    assert [describe(each) for each in controls(busy) if not each.toolTip()] == []


def test_the_start_page_has_names_and_tips_too(window):
    found = controls(window)
    assert len(found) >= 2
    assert [describe(each) for each in found if not each.accessibleName() or not each.toolTip()] == []


def test_every_action_has_a_text_and_a_tip_with_its_key(busy):
    actions = busy.actions_table.all()
    assert len(actions) > 50
    for action in actions:
        assert action.text(), action.objectName()
        assert keys_of(action) in action.toolTip(), action.objectName()


def test_no_two_actions_share_a_key(busy):
    seen: dict[str, str] = {}
    for action in busy.actions_table.all():
        for key in action.shortcuts():
            text = key.toString()
            assert text not in seen, f"{text}: {seen[text]} and {action.objectName()}"
            seen[text] = action.objectName()


def test_every_tool_has_its_own_drawing_and_its_key_in_the_tip(window):
    for tool in in_order(window.desk.registry.tools):
        assert icons.exists(tool.icon), tool.icon
        assert f"({tool.key})" in window.column.buttons[tool.name].toolTip()


def test_tab_goes_through_every_control_and_comes_back(busy, pump):
    busy.activateWindow()
    busy.column.buttons["trimap-brush"].setFocus()
    reached, start = set(), QApplication.focusWidget()
    for _ in range(300):
        focus = QApplication.focusWidget()
        reached.add(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
        pump.once(1)
        if QApplication.focusWidget() is start:
            break
    wanted = [each for each in controls(busy) if each.isEnabled() and each.focusPolicy() & Qt.FocusPolicy.TabFocus]
    missed = [describe(each) for each in wanted if each not in reached and each.focusProxy() not in reached]
    assert busy.canvas in reached
    # of buttons of which one is pressed, Tab reaches that one and the arrows the others
    assert [text for text in missed if "Strip" not in text and "Column" not in text and "Segments" not in text] == []


def clipped(root: QWidget) -> list[str]:
    """Labels and buttons that are narrower or lower than their words, and fields that leave their panel."""
    found = []
    for each in root.findChildren(QWidget):
        if not each.isVisible() or _qts_own(each):
            continue
        if (
            isinstance(each, QLabel)
            and each.text()
            and not each.wordWrap()
            and not isinstance(each, ElidedLabel)
        ):
            if each.width() < each.minimumSizeHint().width():
                found.append(f"label {each.text()!r}: {each.width()} of {each.minimumSizeHint().width()}")
        elif isinstance(each, QAbstractButton) and each.text():
            words = each.fontMetrics().horizontalAdvance(each.text().replace("&", ""))
            if each.width() < words or each.height() < each.fontMetrics().height():
                found.append(f"button {each.text()!r}: {each.width()} of {words}")
    return found


def outside(root: QWidget) -> list[str]:
    """Controls that reach beyond the width of the scrolling column they stand in."""
    found = []
    for area in root.findChildren(QScrollArea):
        if area.isVisible() and area.widget().width() > area.viewport().width():
            found.append(f"{type(area.parentWidget()).__name__}: {area.widget().width()} in {area.viewport().width()}")
    return found


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000), (2560, 1440)])
def test_nothing_is_cut_off(busy, pump, size):
    busy.resize(*size)
    pump.once()
    for tool in busy.desk.registry.tools:
        busy.tool_box.choose(tool)
        pump.once()
        assert clipped(busy) + outside(busy) == [], tool


def test_nothing_is_cut_off_when_all_words_are_half_as_long_again(busy, pump):
    """German runs to about that."""
    busy.tool_box.choose("trimap-brush")
    for each in [*busy.findChildren(QLabel), *busy.findChildren(QAbstractButton)]:
        text = each.text()
        if text and each.isVisible() and text[0].isalpha() and type(each).__name__ != "LabelButton":
            each.setText(text + "n" * (len(text) // 2))
    pump.once(6)
    assert clipped(busy) + outside(busy) == []


def test_the_window_fits_a_screen_of_1280_by_720(busy):
    hint = busy.minimumSizeHint()
    assert hint.width() <= 1280 and hint.height() <= 720


def test_the_list_of_shortcuts_names_every_key_and_can_be_searched(window):
    dialog = ShortcutsList(window, window.actions_table.all())
    rows = {
        dialog.table.item(row, 0).text(): dialog.table.item(row, 1).text() for row in range(dialog.table.rowCount())
    }
    assert rows["Compute matte"].startswith("Ctrl+Return")
    assert rows["Undo"] == "Ctrl+Z"
    dialog.search.setText("redo")
    seen = [
        dialog.table.item(row, 0).text() for row in range(dialog.table.rowCount()) if not dialog.table.isRowHidden(row)
    ]
    assert seen == ["Redo"]
    dialog.close()


def test_a_broken_plugin_is_listed_with_its_reason(window):
    from editor.plugin_loader import Failure

    window.desk.registry.failures = [Failure("my_plugin", "SyntaxError: invalid syntax")]
    dialog = PluginsList(window, window.desk.registry)
    assert dialog.broken.item(0, 0).text() == "my_plugin"
    assert "SyntaxError" in dialog.broken.item(0, 1).text()
    dialog.close()


def test_panels_fold_and_the_fold_is_remembered(cut, pump):
    QTest.mouseClick(cut.layers_panel.title, Qt.MouseButton.LeftButton)
    pump.once()
    assert not cut.layers_panel.list.isVisible()
    assert cut.desk.settings.get("folded.layers", False)
    QTest.mouseClick(cut.layers_panel.title, Qt.MouseButton.LeftButton)
    assert cut.layers_panel.list.isVisible()


def test_one_button_at_a_time_is_the_primary_one(window, opened):
    primary = [each for each in opened.findChildren(QAbstractButton) if each.isVisible() and each.property("primary")]
    assert [each.text() for each in primary] == ["Compute matte"]
