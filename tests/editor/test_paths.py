"""Paths: the user's folders exist when they are asked for, and resources are found."""

from __future__ import annotations

import pytest

from editor import log, paths


@pytest.mark.parametrize(
    "folder",
    [paths.config_dir, paths.data_dir, paths.recovery_dir, paths.plugin_dir],
)
def test_a_users_folder_lies_under_mattelier_home_and_exists(folder, home):
    assert folder().is_dir()
    assert home in folder().parents


def test_without_mattelier_home_the_folders_are_those_of_the_system(monkeypatch, tmp_path):
    monkeypatch.delenv("MATTELIER_HOME")
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    found = [paths.config_dir(), paths.data_dir(), paths.cache_dir()]
    assert all("mattelier" in str(folder) for folder in found) and all(folder.is_dir() for folder in found[:2])
    assert len(set(found)) == 3


def test_resources_lie_beside_the_package_editor():
    assert paths.resource("icons").is_dir()
    assert paths.resource("icons/brush.svg").parent == paths.resource("icons")


def test_the_log_holds_what_was_said_and_the_version(home):
    import logging

    file = log.start()
    logging.getLogger("mattelier.test").warning("Ünïcode %d", 7)
    log.stop()
    assert file is not None
    text = file.read_text("utf-8")
    assert "Ünïcode 7" in text and "mattelier 0" in text


def test_a_log_that_grew_large_makes_room_and_is_kept_once(home):
    file = paths.log_file()
    file.write_text("x" * 1_100_000)
    log.start()
    log.stop()
    assert file.stat().st_size < 10_000
    assert file.with_suffix(".old.log").stat().st_size == 1_100_000


def test_a_log_that_cannot_be_written_does_not_keep_the_program_from_starting(tmp_path, monkeypatch):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("MATTELIER_HOME", str(in_the_way))
    assert log.start() is None
    log.stop()


def test_only_the_log_file_is_told_unless_debug_is_asked_for(home, capsys):
    import logging

    log.start()
    logging.getLogger("mattelier.test").warning("quiet")
    assert capsys.readouterr().err == ""
    log.start(debug=True)
    logging.getLogger("mattelier.test").debug("loud")
    log.stop()
    assert "loud" in capsys.readouterr().err


def test_a_home_that_cannot_be_made_still_says_where_weights_and_caches_would_lie(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MATTELIER_HOME", str(tmp_path / "file"))
    assert paths.models_dir() == tmp_path / "file/data/models"
    assert paths.cache_dir() == tmp_path / "file/cache"
