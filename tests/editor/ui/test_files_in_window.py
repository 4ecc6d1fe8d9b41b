"""Files in the window: open, save, reopen, export, drop; what is asked, and what is said of a bad file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from editor.api import WriteOptions
from editor.document import trimap
from editor.ui.export_commands import COMPOSITE, CUT_OUT, ExportWish
from editor.ui.export_dialog import ExportDialog
from editor.ui.start_page import small_picture


def open_dialog(window, kind):
    """The dialog of a kind that is open."""
    found = [each for each in window.findChildren(kind) if each.isVisible()]
    assert found, f"no {kind.__name__} is open"
    return found[-1]


def drop(window, path: Path) -> None:
    """Drop a file onto the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    held = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(200, 200), Qt.DropAction.CopyAction, data, *held)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(200, 200), Qt.DropAction.CopyAction, data, *held))


def test_without_a_photo_the_start_page_is_seen_and_the_panels_are_not(window):
    assert window.start_page.isVisible()
    assert not window.right.isVisible() and not window.column.isVisible()


def test_an_opened_photo_is_shown_with_its_facts_and_its_name(opened):
    assert opened.canvas.isVisible() and opened.right.isVisible()
    assert opened.windowTitle() == "disc photo.png[*] - Mattelier"
    assert not opened.isWindowModified()
    assert "320 × 240, 8 bit" in opened.status._facts.text()


def test_a_dropped_file_opens(window, photo_file, pump):
    drop(window, photo_file)
    pump.until(lambda: window.desk.document is not None)
    assert window.desk.origin.photo == photo_file


def test_the_demo_photo_opens_from_the_start_page(window, pump):
    QTest.mouseClick(window.start_page.demo, Qt.MouseButton.LeftButton)
    pump.until(lambda: window.desk.document is not None)
    assert window.desk.origin.title == "Demo photo"
    assert (window.desk.document.state.width, window.desk.document.state.height) == (1600, 1200)


def test_a_file_that_is_no_photo_is_told_of_in_a_banner_and_nothing_else_happens(window, tmp_path, pump):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    window.files.open_path(broken)
    pump.until(lambda: bool(window.messages.banners()))
    banner = window.messages.banners()[-1]
    assert "broken.png" in banner.message and banner.hint
    assert window.desk.document is None


def test_a_bad_file_leaves_the_open_photo_alone(opened, tmp_path, pump):
    before = opened.desk.document
    empty = tmp_path / "empty.jpg"
    empty.touch()
    opened.files.open_path(empty)
    pump.until(lambda: bool(opened.messages.banners()))
    assert opened.desk.document is before


def test_a_change_puts_the_unsaved_mark_into_the_title(marked):
    assert marked.isWindowModified()


def test_selecting_a_layer_alone_leaves_nothing_to_save(cut, tmp_path, pump):
    cut.layers.add_colour()
    cut.desk.mark_saved(cut.desk.document.state)
    cut.layers.select(cut.desk.document.state.subject)
    pump.once()
    assert not cut.isWindowModified()


def test_saved_and_reopened_everything_is_as_before(cut, tmp_path, pump):
    project = tmp_path / "work" / "disc.ora"
    project.parent.mkdir()
    cut.layers.add_gradient()
    cut.layers.change("Opacity", True, opacity=0.5)
    before = cut.desk.document.state
    cut.files._write(project)
    pump.until(lambda: cut.desk.saved)
    assert not cut.isWindowModified() and cut.windowTitle().startswith("disc.ora")
    cut.files.open_path(project)
    pump.until(lambda: cut.desk.document.state is not before)
    after = cut.desk.document.state
    assert [
        (layer.name, layer.opacity, layer.content if layer.name == "Gradient" else None) for layer in after.layers
    ] == [(layer.name, layer.opacity, layer.content if layer.name == "Gradient" else None) for layer in before.layers]
    for name, plane in before.planes().items():
        assert np.array_equal(plane.to_array(), after.planes()[name].to_array()), name
    assert cut.desk.saved


def test_save_as_asks_where_and_offers_a_name_beside_the_photo(marked, photo_file, pump):
    marked.actions_table.by_verb["files.save"].trigger()
    dialog = open_dialog(marked, QFileDialog)
    assert Path(dialog.selectedFiles()[0]) == photo_file.with_suffix(".ora")
    dialog.accept()
    pump.until(lambda: marked.desk.saved)
    assert photo_file.with_suffix(".ora").is_file()


def test_closing_with_changes_asks_and_cancel_keeps_the_window(marked, pump):
    marked.close()
    box = open_dialog(marked, QMessageBox)
    QTest.mouseClick(box.button(QMessageBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)
    pump.once()
    assert marked.isVisible() and marked.isWindowModified()


def test_closing_with_changes_can_throw_them_away(marked, pump):
    marked.close()
    box = open_dialog(marked, QMessageBox)
    QTest.mouseClick(box.button(QMessageBox.StandardButton.Discard), Qt.MouseButton.LeftButton)
    pump.until(lambda: not marked.isVisible(), 10)


def test_opening_another_photo_with_changes_asks_and_saves_first(marked, photo_file, tmp_path, pump):
    other = tmp_path / "other.png"
    assert cv2.imwrite(str(other), np.full((50, 60, 3), 90, np.uint8))
    marked.desk.origin.project = tmp_path / "kept.ora"
    drop(marked, other)
    box = open_dialog(marked, QMessageBox)
    QTest.mouseClick(box.button(QMessageBox.StandardButton.Save), Qt.MouseButton.LeftButton)
    pump.until(lambda: marked.desk.origin.title == "other.png")
    assert (tmp_path / "kept.ora").is_file()


def test_the_cut_out_is_exported_with_straight_alpha(cut, ball, tmp_path, pump):
    out = tmp_path / "out.png"
    cut.exports.export(ExportWish(CUT_OUT, out, WriteOptions()))
    pump.until(lambda: any("Exported" in banner.message for banner in cut.messages.banners()))
    written = cv2.imread(str(out), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(written[..., 3], ball[1])
    inside = ball[1] > 0
    assert np.array_equal(written[..., 2::-1][inside], ball[0][inside])
    assert not written[~inside].any()


def test_the_export_dialog_proposes_a_new_name_and_says_what_is_lost(cut, photo_file, pump):
    cut.actions_table.by_verb["window.export"].trigger()
    dialog = open_dialog(cut, ExportDialog)
    assert Path(dialog.path.text()) == photo_file.with_name("disc photo_cutout.png")
    assert "Layers, marks and effects" in dialog.note.text()
    dialog.path.setText(str(photo_file.with_name("out.jpg")))
    assert not dialog.action.isEnabled()
    assert "transparency" in dialog.note.text()


def test_exporting_onto_a_file_says_replace_and_the_photo_itself_is_named(cut, photo_file):
    cut.actions_table.by_verb["window.export"].trigger()
    dialog = open_dialog(cut, ExportDialog)
    dialog.path.setText(str(photo_file))
    assert dialog.action.text() == "Replace"
    assert "the photo that you opened" in dialog.note.text()


def test_the_export_dialog_writes_what_it_shows(cut, tmp_path, pump):
    cut.layers.add_colour()
    cut.canvas.set_view("background")
    cut.actions_table.by_verb["window.export"].trigger()
    dialog = open_dialog(cut, ExportDialog)
    assert dialog.what.value() == COMPOSITE
    dialog.path.setText(str(tmp_path / "flat.jpg"))
    QTest.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    pump.until(lambda: (tmp_path / "flat.jpg").is_file())
    corner = cv2.imread(str(tmp_path / "flat.jpg"))[3, 3]
    assert (corner > 250).all()


def test_an_imported_trimap_is_one_step_and_other_greys_are_explained(opened, ball, tmp_path, pump):
    marks = ball[1].copy()
    marks[120, 100] = 60
    path = tmp_path / "marks.png"
    assert cv2.imwrite(str(path), marks)
    opened.exports.import_trimap_from(path)
    pump.until(lambda: opened.desk.document.history.undo_label == "Import trimap")
    shown = opened.desk.document.state.trimap.to_array()
    assert set(np.unique(shown)) == {0, 128, 255}
    assert any("marks.png" in banner.message for banner in opened.messages.banners())
    opened.edits.undo()
    assert np.array_equal(opened.desk.document.state.trimap.to_array(), trimap.empty(320, 240).to_array())


def test_a_trimap_of_another_size_is_refused_with_both_sizes(opened, tmp_path, pump):
    path = tmp_path / "small.png"
    assert cv2.imwrite(str(path), np.zeros((10, 10), np.uint8))
    opened.exports.import_trimap_from(path)
    pump.until(lambda: bool(opened.messages.banners()))
    assert opened.desk.document.history.undo_label is None


def test_recent_files_are_remembered_and_shown_on_the_start_page(opened, photo_file, pump):
    assert opened.files.recent() == [photo_file]
    opened.files.close()
    pump.once()
    assert str(photo_file) in opened.start_page.thumbs
    opened.recent.fill()
    assert opened.recent.actions()[0].text() == "disc photo.png"
    opened.files.forget_recent()
    assert opened.files.recent() == []


def test_in_the_smallest_window_the_names_of_recent_files_are_whole(window, ball, tmp_path, pump):
    paths = [tmp_path / f"{number}.png" for number in range(8)]
    for path in paths:
        assert cv2.imwrite(str(path), ball[0])
    window.desk.settings.set("recent", [str(path) for path in paths])
    window.start_page.refresh()
    window.resize(960, 600)
    pump.once()
    thumbs = list(window.start_page.thumbs.values())
    assert len(thumbs) == 8 and window.height() == 600
    assert all(t.height() >= t.iconSize().height() + 2 * t.fontMetrics().height() for t in thumbs)
    assert thumbs[0].geometry().bottom() < thumbs[4].geometry().top()
    assert thumbs[4].geometry().bottom() < window.start_page.height()


def test_a_damaged_project_among_the_recent_files_does_not_keep_the_others_pictures_away(tmp_path):
    path = tmp_path / "a.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Thumbnails/thumbnail.png", bytes(1000))
    content = bytearray(path.read_bytes())
    start = content.index(b"thumbnail.png") + len("thumbnail.png")
    content[start : start + 6] = b"\xff" * 6
    path.write_bytes(content)
    assert small_picture(path).isNull()


def test_a_picture_from_the_clipboard_opens_as_a_photo(window, ball, pump):
    from editor.document.document import Photo
    from editor.ui.edit_commands import as_image

    QApplication.clipboard().setImage(as_image(Photo(ball[0])))
    window.actions_table.by_verb["edits.paste"].trigger()
    pump.until(lambda: window.desk.document is not None)
    assert np.array_equal(window.desk.document.state.subject_layer.content.to_array(), ball[0])
    QApplication.clipboard().clear()


def test_a_project_with_an_effect_that_is_not_installed_says_so(cut, tmp_path, pump):
    from editor.document.layer import EffectUse

    cut.layers.change("Effect from elsewhere", True, effects=(EffectUse("sparkle", {}),))
    project = tmp_path / "sparkle.ora"
    cut.files._write(project)
    pump.until(lambda: cut.desk.saved)
    cut.files.open_path(project)
    pump.until(lambda: any("sparkle" in banner.message for banner in cut.messages.banners()))


def test_a_disk_that_refuses_a_save_is_told_of_and_the_work_stays_unsaved(cut, tmp_path, pump):
    cut.files._write(tmp_path / "no such folder" / "disc.ora")
    pump.until(lambda: bool(cut.messages.banners()))
    assert "no such folder" in str(cut.messages.banners()[-1].accessibleName())
    assert cut.isWindowModified()


def mark_all(window, label: str) -> None:
    """A stroke that takes no pointer."""
    document = window.desk.document
    with document.edit(f"All {label}"):
        document.set_trimap(trimap.fill_region(document.state.trimap, 0, 0, trimap.LABELS[label]))


def test_what_is_painted_while_the_project_is_saved_is_asked_for_before_another_photo_opens(
    opened, photo_file, tmp_path, pump
):
    mark_all(opened, "unknown")
    opened.desk.origin.project = tmp_path / "kept.ora"
    opened.files.open_path(photo_file)
    box = open_dialog(opened, QMessageBox)
    QTest.mouseClick(box.button(QMessageBox.StandardButton.Save), Qt.MouseButton.LeftButton)
    mark_all(opened, "background")
    painted = opened.desk.document.state
    pump.until(lambda: opened.desk.jobs.wait(0.01))
    pump.once()
    assert opened.desk.document.state is painted
    open_dialog(opened, QMessageBox).button(QMessageBox.StandardButton.Cancel).click()


def test_what_is_painted_while_another_photo_opens_is_asked_for(opened, photo_file, pump):
    opened.files.open_path(photo_file)
    mark_all(opened, "unknown")
    painted = opened.desk.document.state
    pump.until(lambda: opened.desk.jobs.wait(0.01))
    pump.once()
    assert opened.desk.document.state is painted
    QTest.mouseClick(
        open_dialog(opened, QMessageBox).button(QMessageBox.StandardButton.Discard), Qt.MouseButton.LeftButton
    )
    pump.until(lambda: opened.desk.document.state is not painted)


def test_a_save_that_ends_after_another_photo_was_opened_gives_that_one_no_project(opened, photo, tmp_path, pump):
    from editor.document.document import Document
    from editor.ui.desk import Origin

    mark_all(opened, "unknown")
    opened.files._write(tmp_path / "first.ora")
    opened.desk.lay(Document.from_photo(photo), Origin("second.png"))
    pump.until(lambda: opened.desk.jobs.wait(0.01))
    pump.once()
    assert (tmp_path / "first.ora").is_file()
    assert opened.desk.origin.project is None and opened.desk.origin.title == "second.png"


def test_a_name_with_a_dot_gets_the_projects_ending_and_replaces_nothing_unasked(marked, tmp_path, pump):
    there = tmp_path / "disc v1.2.ora"
    there.write_bytes(b"an older project")
    marked.files.save_as()
    open_dialog(marked, QFileDialog).fileSelected.emit(str(tmp_path / "disc v1.2"))
    box = open_dialog(marked, QMessageBox)
    assert there.name in box.text()
    box.button(QMessageBox.StandardButton.Cancel).click()
    pump.once()
    assert there.read_bytes() == b"an older project" and not marked.desk.saved
    marked.files.save_as()
    open_dialog(marked, QFileDialog).fileSelected.emit(str(tmp_path / "disc v1.2"))
    next(each for each in open_dialog(marked, QMessageBox).buttons() if each.text() == "Replace").click()
    pump.until(lambda: marked.desk.saved)
    assert there.stat().st_size > 1000


def test_the_clipboard_gets_no_colour_of_the_removed_background(cut):
    from editor.document import composite
    from editor.ui.edit_commands import as_image, as_photo

    photo = composite.cut_out(cut.desk.document.state)
    pasted = as_photo(as_image(photo))
    seen = photo.alpha > 0
    assert np.array_equal(pasted.alpha, photo.alpha) and np.array_equal(pasted.pixels[seen], photo.pixels[seen])
    assert photo.pixels[~seen].any() and not pasted.pixels[~seen].any()
