"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from editor.document.part_file import explained, part_file
from editor.errors import Cancelled, UserError


def test_the_file_takes_its_place_once_the_block_ends(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with part_file(path) as part:
        part.write_text("new")
        assert path.read_text() == "old" and part.parent == path.parent
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("failure", [Cancelled(), ValueError("a bug"), KeyboardInterrupt()])
def test_whatever_goes_wrong_the_old_file_stays_and_the_part_goes(failure, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(failure)), part_file(path) as part:
        part.write_text("half")
        raise failure
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_block_that_writes_nothing_is_an_error_and_not_an_empty_file(tmp_path):
    with pytest.raises(UserError), part_file(tmp_path / "a.txt"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_replaced_by_a_file(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(UserError, match="is a folder"), part_file(tmp_path / "a") as part:
        part.write_text("x")
    assert (tmp_path / "a").is_dir()


@pytest.mark.skipif(os.name != "posix", reason="making a link needs a right on Windows")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    with part_file(tmp_path / "link.txt") as part:
        part.write_text("new")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "room on the disk"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.ENOENT, "does not exist"),
        (errno.ENAMETOOLONG, "does not accept the name"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_each_refusal_of_the_system_has_its_sentence_and_hint(number, word):
    error = explained(OSError(number, os.strerror(number)), Path("folder") / "a.png")
    assert word in error.message and error.hint
