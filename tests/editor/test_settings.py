"""Settings: what was saved comes back, and a damaged file never keeps the program from starting."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from editor.errors import UserError
from editor.settings import Settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "settings.json"


def test_what_was_saved_comes_back_at_the_next_start(path):
    values = Settings(path)
    values.set("theme", "dark")
    values.set("recent", ["/fotos/Müller.jpg", "/写真.png"])
    values.save()
    again = Settings(path)
    assert again.get("theme", "light") == "dark"
    assert again.get("recent", []) == ["/fotos/Müller.jpg", "/写真.png"]


def test_nothing_is_written_before_save(path):
    Settings(path).set("theme", "dark")
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"words"', "\x00\x01"])
def test_a_damaged_file_counts_as_empty_and_is_kept(path, text):
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    values = Settings(path)
    assert values.get("theme", "light") == "light"
    assert values.kept_copy is not None and values.kept_copy.read_text("utf-8") == text
    values.set("theme", "dark")
    values.save()
    assert Settings(path).get("theme", "light") == "dark"


def test_a_file_that_is_not_utf_8_counts_as_damaged(path):
    path.parent.mkdir()
    path.write_bytes(b'{"theme": "\xff\xfe"}')
    assert Settings(path).kept_copy is not None


@pytest.mark.parametrize(
    ("saved", "default", "expected"),
    [
        ("big", 12, 12),
        (True, 12, 12),
        (3, 1.0, 3.0),
        (3.5, 1, 1),
        ([1, 2], (0, 0), (1, 2)),
        (None, "x", "x"),
        (7, None, 7),
        (1, True, True),
    ],
)
def test_a_value_of_another_type_gives_way_to_the_default(path, saved, default, expected):
    values = Settings(path)
    values.set("name", saved)
    found = values.get("name", default)
    assert found == expected and type(found) is type(expected)


def test_a_value_that_json_cannot_hold_is_refused_at_once(path):
    with pytest.raises(TypeError):
        Settings(path).set("photo", object())


def test_a_removed_value_is_gone_and_removing_it_twice_is_no_error(path):
    values = Settings(path)
    values.set("a", 1)
    values.remove("a")
    values.remove("a")
    assert values.get("a", 0) == 0


def test_a_save_that_fails_leaves_the_old_file_whole_and_no_part_behind(path, monkeypatch):
    values = Settings(path)
    values.set("theme", "dark")
    values.save()
    before = path.read_bytes()

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    values.set("theme", "light")
    with pytest.raises(UserError, match="could not be saved"):
        values.save()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="could not be saved"):
        Settings(tmp_path / "file" / "settings.json").save()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.dictionaries(st.text(min_size=1), st.integers() | st.text() | st.booleans() | st.lists(st.integers())))
def test_any_plain_values_survive_a_save(tmp_path, values):
    path = tmp_path / "s.json"
    first = Settings(path)
    for name, value in values.items():
        first.set(name, value)
    first.save()
    assert json.loads(path.read_text("utf-8")).items() >= values.items()
    path.unlink()
