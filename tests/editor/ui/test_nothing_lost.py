"""Nothing is lost: what is done while a job runs stays, and a crash takes no finished gesture with it."""

from __future__ import annotations

import numpy as np
import pytest

from editor.api import WriteOptions
from editor.document.document import UNMARKED
from editor.ui.export_commands import CUT_OUT, ExportWish
from tests.editor.ui.test_work_in_window import at, steps


def crashed(state):
    """The journal of a process that died with this state unsaved."""
    from editor import paths
    from editor.document.recovery import Journal

    journal = Journal(paths.recovery_dir(), "disc photo.png")
    journal.write(state)
    journal._lock.release()  # as the system does when a process dies
    return journal


def test_closing_while_a_picture_is_exported_waits_for_it(cut, tmp_path, pump):
    cut.desk.mark_saved(cut.desk.document.state)
    out = tmp_path / "out.png"
    cut.exports.export(ExportWish(CUT_OUT, out, WriteOptions()))
    cut.close()
    assert cut.isVisible()
    pump.until(lambda: not cut.isVisible())
    assert out.is_file()


def test_closing_while_the_project_is_saved_waits_and_asks_nothing(marked, tmp_path, pump):
    marked.files._write(tmp_path / "disc.ora")
    marked.close()
    pump.until(lambda: not marked.isVisible())
    assert (tmp_path / "disc.ora").is_file()


def test_an_export_that_fails_keeps_the_closing_window_open_with_its_error(cut, tmp_path, pump):
    cut.desk.mark_saved(cut.desk.document.state)
    cut.exports.export(ExportWish(CUT_OUT, tmp_path / "no folder" / "out.png", WriteOptions()))
    cut.close()
    pump.until(lambda: any("does not exist" in banner.message for banner in cut.messages.banners()))
    pump.once()
    assert cut.isVisible()


def test_one_may_close_without_waiting(cut, tmp_path, pump):
    from PySide6.QtWidgets import QPushButton

    cut.desk.mark_saved(cut.desk.document.state)
    cut.exports.export(ExportWish(CUT_OUT, tmp_path / "out.png", WriteOptions()))
    cut.close()
    now = [button for each in cut.messages.banners() for button in each.findChildren(QPushButton)]
    now[0].click()
    assert not cut.isVisible()


def finish_jobs_unseen(window) -> None:
    """Let every job end while the window handles nothing: what they found is on its way."""
    assert window.desk.jobs.wait(60)


def test_a_crash_is_offered_at_the_next_start_and_the_work_comes_back(marked, pump):
    state = marked.desk.document.state
    journal = crashed(state)
    marked.desk.mark_saved(state)
    marked.session.look_for_crashes()
    pump.until(lambda: bool(marked.messages.banners()))
    banner = marked.messages.banners()[-1]
    assert "disc photo.png" in banner.message
    from PySide6.QtWidgets import QPushButton

    recover = next(button for button in banner.findChildren(QPushButton) if button.text() == "Recover")
    recover.click()
    pump.until(lambda: marked.desk.document.state is not state)
    assert np.array_equal(marked.desk.document.state.trimap.to_array(), state.trimap.to_array())
    assert not marked.desk.saved
    pump.until(lambda: not journal.folder.exists())


def test_the_offer_stays_while_a_photo_is_opened(marked, photo_file, pump):
    state = marked.desk.document.state
    crashed(state)
    marked.desk.mark_saved(state)
    marked.session.look_for_crashes()
    pump.until(lambda: bool(marked.messages.banners()))
    marked.files.open_path(photo_file)
    pump.until(lambda: marked.desk.document.state is not state)
    for number in range(5):
        marked.messages.say(f"Message {number}")
    assert "was not saved" in marked.messages.banners()[0].message


def test_bringing_work_back_asks_for_what_is_unsaved_now(marked, pump):
    from PySide6.QtWidgets import QMessageBox, QPushButton

    state = marked.desk.document.state
    journal = crashed(state)
    marked.session.look_for_crashes()
    pump.until(lambda: bool(marked.messages.banners()))
    banner = marked.messages.banners()[-1]
    next(button for button in banner.findChildren(QPushButton) if button.text() == "Recover").click()
    box = next(each for each in marked.findChildren(QMessageBox) if each.isVisible())
    box.button(QMessageBox.StandardButton.Cancel).click()
    pump.until(lambda: marked.desk.jobs.wait(0.01))
    assert marked.desk.document.state is state
    assert journal.folder.exists()


def test_a_crash_after_saving_offers_nothing(marked, tmp_path, pump):
    from editor import paths
    from editor.document.recovery import crashed_sessions

    def offered() -> bool:
        pump.until(lambda: marked.desk.jobs.wait(0.01))
        pump.until(lambda: marked.desk.jobs.wait(0.01))
        marked.session._journal._lock.release()  # as the system does when a process dies
        return bool(crashed_sessions(paths.recovery_dir()))

    assert offered()
    marked.files._write(tmp_path / "disc.ora")
    pump.until(lambda: marked.desk.saved)
    assert not offered()
    assert not marked.session._journal.folder.exists()


def test_undoing_past_the_saved_state_is_journalled_again(marked, tmp_path, pump):
    from editor import paths
    from editor.document.recovery import crashed_sessions

    marked.files._write(tmp_path / "disc.ora")
    pump.until(lambda: marked.desk.saved)
    marked.edits.undo()
    pump.until(lambda: marked.desk.jobs.wait(0.01))
    marked.session._journal._lock.release()  # as the system does when a process dies
    assert (crashed_sessions(paths.recovery_dir())[0].load().trimap.to_array() == UNMARKED).all()


def test_each_gesture_is_journalled_and_a_clean_end_leaves_nothing(marked, pump):
    from editor import paths

    pump.until(lambda: any(paths.recovery_dir().iterdir()))
    pump.until(lambda: marked.desk.jobs.wait(0.01))
    marked.desk.mark_saved(marked.desk.document.state)
    marked.close()
    assert list(paths.recovery_dir().iterdir()) == []


def test_what_is_marked_while_the_band_is_laid_stays(cut, pump):
    cut.mattes.set_band(90.0, True)
    finish_jobs_unseen(cut)
    document = cut.desk.document
    with document.edit("By hand"):
        document.set_trimap(document.state.trimap.paste(150, 110, np.full((20, 20), 128, np.uint8)))
    pump.until(lambda: cut.mattes.band() == 90.0)
    assert (document.state.trimap.to_array()[110:130, 150:170] == 128).all()
    assert steps(cut)[-2:] == ["By hand", "Unknown band"]


def test_what_is_marked_while_the_subject_is_found_stays(opened, pump):
    from editor.document.selection import Selection

    opened.mattes.find_subject(Selection(((50, 20), (270, 20), (270, 220), (50, 220))))
    finish_jobs_unseen(opened)
    document = opened.desk.document
    with document.edit("By hand"):
        document.set_trimap(document.state.trimap.paste(0, 0, np.full((9, 9), 255, np.uint8)))
    pump.until(lambda: "Find subject" in steps(opened))
    plane = document.state.trimap.to_array()
    assert (plane[:9, :9] == 255).all() and plane[120, 160] == 255 and plane[5, 20] == 0


def test_colours_are_refreshed_though_another_step_was_made_meanwhile(cut, drag, pump):
    before = cut.desk.document.state.subject_layer.foreground
    cut.tool_box.choose("alpha-brush")
    cut.tool_box.active.value = 50.0
    drag(cut.canvas, at(cut, 100, 120), at(cut, 160, 120))
    cut.layers.change("Opacity", True, opacity=0.5)
    pump.until(lambda: cut.desk.document.state.subject_layer.foreground is not before)
    assert cut.desk.document.state.subject_layer.opacity == 0.5


@pytest.mark.parametrize("what", ["colours", "band"])
def test_what_joins_a_step_later_is_journalled_too(cut, drag, pump, what):
    from editor import paths
    from editor.document.recovery import crashed_sessions

    if what == "colours":
        cut.tool_box.choose("alpha-brush")
        cut.tool_box.active.value = 50.0
        drag(cut.canvas, at(cut, 100, 120), at(cut, 160, 120))
        stroke = cut.desk.document.state
        pump.until(lambda: cut.desk.document.state is not stroke)
    else:
        for band in (10.0, 95.0):
            cut.mattes.set_band(band, band > 50)
            pump.until(lambda band=band: cut.mattes.band() == band)
    pump.until(lambda: cut.desk.jobs.wait(0.01))
    seen = cut.desk.document.state
    cut.session._journal._lock.release()  # as the system does when a process dies
    kept = crashed_sessions(paths.recovery_dir())[0].load()
    for name, plane in seen.planes().items():
        assert np.array_equal(plane.to_array(), kept.planes()[name].to_array()), name


def test_a_project_whose_band_is_nonsense_opens_with_the_default(cut):
    from dataclasses import replace

    document = cut.desk.document
    for nonsense in ("wide", -5, None, [1], 1e9):
        document.show(replace(document.state, notes={"band": nonsense}))
        assert cut.mattes.band() == 50.0


def test_a_project_whose_engine_is_nonsense_opens_with_the_one_chosen(cut):
    from dataclasses import replace

    from editor.document.document import Document

    for nonsense in ([1], {"name": 2}, None, "no such engine"):
        state = replace(cut.desk.document.state, notes={"engine": nonsense})
        before = cut.matte_panel.choice.value()
        cut.desk.lay(Document(state), cut.desk.origin)
        assert cut.matte_panel.choice.value() == before
        cut.desk.mark_saved(state)
