"""Models in the window: what is listed, import with its licence, errors, removal, and the engines that follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QMessageBox, QWidget

from editor.ui.models_dialog import ModelsDialog
from tests.editor.ui.fake_shelf import RESEARCH, engines_of, fresh_shelf
from tests.editor.ui.test_accessibility import clipped, controls, describe, outside


@pytest.fixture
def shelf():
    return fresh_shelf()


@pytest.fixture
def registry(registry, shelf):
    """The real plugins, but the fake networks and their engines alone."""
    classical = {name: engine for name, engine in registry.engines.items() if not engine.missing()}
    return replace(registry, engines=classical | engines_of(shelf), shelves={shelf.name: shelf})


@pytest.fixture
def dialog(opened, pump) -> ModelsDialog:
    """The dialog, opened by its menu entry, its list there."""
    opened.actions_table.by_verb["window.models"].trigger()
    found = opened.findChild(ModelsDialog)
    pump.until(lambda: found.tree.entry() is not None)
    return found


def open_again(window, pump) -> ModelsDialog:
    """Another dialog, its list there."""
    window.models.show()
    found = next(each for each in window.findChildren(ModelsDialog) if each.isVisible())
    pump.until(lambda: found.tree.entry() is not None)
    return found


def press(widget: QWidget) -> None:
    assert widget.isVisible() and widget.isEnabled()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def tick(dialog: ModelsDialog) -> None:
    dialog.licence.box.setFocus()
    QTest.keyClick(dialog.licence.box, Qt.Key.Key_Space)


def import_by_file_dialog(dialog: ModelsDialog, file: Path, button: QAbstractButton, pump) -> None:
    """Press the button and choose the file in the dialog that asks for one."""
    file.write_bytes(b"weights")
    press(button)
    asking = dialog.findChild(QFileDialog)
    asking.fileSelected.emit(str(file))
    asking.close()
    pump.until(lambda: dialog.pages.currentWidget() is dialog.licence or bool(dialog.messages.banners()))


def engines_offered(window) -> list[str]:
    choice = window.matte_panel.choice
    return [choice.itemText(index) for index in range(choice.count())]


def test_the_list_shows_what_is_ready_then_the_few_that_matter_and_folds_the_rest(dialog):
    assert dialog.tree.shown() == ["PSPM B5", "IndexNet", "A2U", "RMat M3"]
    assert dialog.tree.entry().row.name == "pspm-b5"


def test_the_filter_looks_through_all_networks(dialog, pump):
    dialog.search.setFocus()
    QTest.keyClicks(dialog.search, "b27")
    pump.once()
    assert dialog.tree.shown() == ["B27: for comparison"]
    assert dialog.details.title.text() == "B27: for comparison"
    dialog.search.clear()
    assert dialog.details.title.text() == "B27: for comparison" and len(dialog.tree.shown()) == 34


def test_the_details_say_what_a_network_is_good_for_its_licence_size_and_where_its_weights_come_from(dialog, pump):
    assert dialog.details.about.text() == "Portraits without any marks."
    facts = dialog.details.facts()
    assert facts["Weights"] == "Come with the program, 9.4 MB" and facts["Made from"] == "our own training"
    assert facts["Licence"] == "MIT" and facts["Needs"].startswith("No marks")
    dialog.tree.setFocus()
    for _ in range(2):
        QTest.keyClick(dialog.tree, Qt.Key.Key_Down)
    pump.once()
    assert dialog.details.title.text() in ("IndexNet", "A2U")
    assert dialog.details.facts()["Weights"] == "None here"
    assert "checkpoints" in dialog.details.facts()["Can be imported"]
    assert not dialog.details.use.isVisible() and not dialog.details.remove.isVisible()


def test_weights_are_added_only_after_the_licence_was_agreed_to(dialog, shelf, opened, tmp_path, pump):
    assert "IndexNet" not in engines_offered(opened)
    import_by_file_dialog(dialog, tmp_path / "indexnet.pth", dialog.take, pump)
    assert dialog.licence.licence.text().lower() == RESEARCH
    assert "research only" in dialog.licence.meaning.text() and not dialog.action.isEnabled()
    assert ("add", "indexnet") not in shelf.asked
    tick(dialog)
    press(dialog.action)
    pump.until(lambda: bool(dialog.messages.banners()))
    assert shelf.asked == [("examine", None), ("add", "indexnet")]
    pump.until(lambda: "IndexNet" in dialog.tree.shown()[:2])
    assert dialog.details.title.text() == "IndexNet"
    facts = dialog.details.facts()
    assert facts["Weights"] == "Imported on 2026-11-22, 23.8 MB" and facts["Made from"] == "indexnet.pth"
    assert "IndexNet" in engines_offered(opened)


def test_going_back_from_the_licence_adds_nothing(dialog, shelf, tmp_path, pump):
    import_by_file_dialog(dialog, tmp_path / "indexnet.pth", dialog.take, pump)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    pump.once()
    assert dialog.isVisible() and dialog.pages.currentIndex() == 0
    assert ("add", "indexnet") not in shelf.asked


def test_importing_again_says_that_the_earlier_weights_give_way(dialog, shelf, tmp_path, pump):
    shelf.rows_now["indexnet"] = replace(shelf.rows_now["indexnet"], weights="imported")
    import_by_file_dialog(dialog, tmp_path / "indexnet.pth", dialog.take, pump)
    assert dialog.licence.replacing.isVisible() and "IndexNet has now" in dialog.licence.replacing.text()


def test_a_bad_file_is_a_sentence_in_the_dialog(dialog, tmp_path, pump):
    import_by_file_dialog(dialog, tmp_path / "bad.pth", dialog.take, pump)
    assert "damaged" in dialog.messages.banners()[0].message
    assert dialog.pages.currentIndex() == 0 and dialog.take.isEnabled()


def test_a_file_that_fits_several_is_imported_for_the_network_that_is_selected(dialog, shelf, tmp_path, pump):
    import_by_file_dialog(dialog, tmp_path / "several.pth", dialog.take, pump)
    assert "--network" not in dialog.messages.banners()[0].hint
    dialog.search.setText("a2u")
    pump.once()
    import_by_file_dialog(dialog, tmp_path / "several.pth", dialog.details.take, pump)
    assert shelf.asked[-1] == ("examine", "a2u")
    assert dialog.licence.title.text() == "A2U"


def test_a_long_look_at_a_file_shows_how_far_it_is_and_can_be_stopped(dialog, shelf, tmp_path, pump, opened):
    shelf.gate.clear()
    dialog.import_file(tmp_path / "indexnet.pth")
    pump.until(lambda: dialog.words.text() == "Reading indexnet.pth")
    assert dialog.bar.isVisible() and dialog.bar.value() == 400 and not dialog.take.isEnabled()
    press(dialog.stop)
    pump.until(lambda: not opened.desk.jobs.jobs())
    assert dialog.take.isEnabled() and not dialog.bar.isVisible() and dialog.isVisible()


def test_closing_the_dialog_stops_what_it_began(dialog, shelf, tmp_path, pump, opened):
    shelf.gate.clear()
    dialog.import_file(tmp_path / "indexnet.pth")
    pump.until(lambda: bool(dialog.words.text()))
    QTest.keyClick(dialog, Qt.Key.Key_Escape)  # stops and stays
    assert dialog.isVisible() and dialog.take.isEnabled()
    dialog.import_file(tmp_path / "indexnet.pth")
    press(dialog.cancel)
    pump.until(lambda: not opened.desk.jobs.jobs())
    assert not any(each.isVisible() for each in opened.findChildren(ModelsDialog))


def test_removing_asks_first_and_the_engine_goes(dialog, shelf, opened, tmp_path, pump):
    import_by_file_dialog(dialog, tmp_path / "indexnet.pth", dialog.take, pump)
    tick(dialog)
    press(dialog.action)
    pump.until(lambda: dialog.details.remove.isVisible())
    press(dialog.details.use)
    pump.until(lambda: opened.matte_panel.choice.currentText() == "IndexNet")
    again = open_again(opened, pump)
    again.renew("indexnet")
    pump.until(lambda: again.details.remove.isVisible())
    for answer, gone in (("Cancel", False), ("Remove", True)):
        press(again.details.remove)
        box = next(box for box in again.findChildren(QMessageBox) if box.isVisible())
        press(next(button for button in box.buttons() if button.text().replace("&", "") == answer))
        pump.until(lambda: not opened.desk.jobs.jobs())
        pump.until(lambda gone=gone: (("remove", "indexnet") in shelf.asked) is gone)
    pump.until(lambda: "IndexNet" not in engines_offered(opened))
    assert opened.matte_panel.choice.currentText() == "Fusion"
    assert opened.matte_panel.engine().name == "fusion"


def test_weights_of_the_program_itself_cannot_be_removed(dialog):
    assert dialog.details.use.isVisible() and not dialog.details.remove.isVisible()


def test_damaged_weights_say_what_to_do(opened, shelf, pump):
    fault = "The weights of IndexNet are damaged. Import them again."
    shelf.rows_now["indexnet"] = replace(shelf.rows_now["indexnet"], weights="damaged", fault=fault)
    dialog = open_again(opened, pump)
    dialog.renew("indexnet")
    pump.until(lambda: dialog.details.title.text() == "IndexNet")
    assert dialog.details.facts()["Weights"] == fault and dialog.details.remove.isVisible()


def test_only_engines_that_can_run_are_offered_the_default_first(opened):
    offered = engines_offered(opened)
    assert offered[:2] == ["Fusion", "Classic"] and "PSPM B5" in offered and "A2U" not in offered


def test_the_button_beside_the_engines_opens_models(opened, pump):
    press(opened.matte_panel.engines.models)
    pump.until(lambda: opened.findChild(ModelsDialog) is not None)
    assert opened.findChild(ModelsDialog).isVisible()


@pytest.mark.parametrize(("noted", "words"), [("a2u", "A2U, which cannot run here"), ("gone", "not installed")])
def test_a_project_whose_engine_is_missing_says_so(opened, noted, words, pump):
    document = opened.desk.document
    document.show(replace(document.state, notes={"engine": noted}))
    opened.desk.opened.emit(document)
    banner = opened.messages.banners()[-1]
    assert words in banner.message and "Fusion is chosen instead" in banner.hint
    assert opened.matte_panel.engine().name == "fusion"


def test_every_control_of_the_dialog_has_a_name_and_a_tip_and_nothing_is_cut_off(dialog, tmp_path, pump):
    for page in (0, 1):
        if page == 1:
            import_by_file_dialog(dialog, tmp_path / "indexnet.pth", dialog.take, pump)
        found = controls(dialog)
        assert [describe(each) for each in found if not each.accessibleName() or not each.toolTip()] == []
        assert clipped(dialog) + outside(dialog) == []
    assert dialog.width() <= 1280 and dialog.height() <= 700


def test_tab_goes_from_the_filter_to_the_list_to_the_buttons(dialog, pump):
    dialog.activateWindow()
    dialog.search.setFocus()
    reached = []
    for _ in range(12):
        focus = dialog.focusWidget()
        reached.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
        pump.once(1)
    for wanted in (dialog.search, dialog.tree, dialog.details.use, dialog.details.take, dialog.take, dialog.cancel):
        assert wanted in reached, describe(wanted)
