"""The project file: everything comes back, others can open it, and no file from a stranger can do harm."""

from __future__ import annotations

import json
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from editor.document.document import Document, DocumentState, Photo
from editor.document.geometry import Placement
from editor.document.layer import EffectUse, Gradient, Layer, SolidColour
from editor.document.project import VERSION, load_project, save_project
from editor.document.tiles import Plane
from editor.errors import Cancelled, UserError
from tests.editor.document.foreign_projects import ora, png

RECORD = "mattelier/document.json"


def document(dtype: type = np.uint8) -> DocumentState:
    """A document in which every field has a value of its own."""
    height, width = 300, 400
    colours = data.astronaut()[:height, :width]
    colours = colours if dtype is np.uint8 else colours.astype(np.uint16) * 257 + 3
    mask = np.zeros((height, width), np.uint16)
    mask[50:250, 60:300] = np.arange(200 * 240, dtype=np.uint16).reshape(200, 240)
    made = Document.from_photo(Photo(colours, None, None, b"II*\0exif", b"<x/>"))
    made.set_matte(Plane.from_array(mask), Plane.from_array(colours[::-1]))
    trimap = np.full((height, width), 1, np.uint8)
    trimap[:90], trimap[90:140], trimap[140:150] = 0, 128, 255
    made.set_trimap(Plane.from_array(trimap, fill=1, labels=True))
    made.change_layer(made.state.subject, decontaminate=0.625, name="Zoë <&> \x01")
    run = Gradient((0.1, 0.2, 1 / 3), (1.0, 0.5, 0.0), 33.3)
    values = {"radius": 3.5, "count": 3, "on": True, "mode": "disc", "colour": (1.0, 0.5, 0.25)}
    made.add_layer(Layer("Run", run, effects=(EffectUse("blur", values, False),)), 0)
    made.add_layer(Layer("White", SolidColour((1.0, 0.9, 0.8)), opacity=1 / 3, blend="screen", visible=False), 1)
    small = Plane.from_array(colours[:100, :120])
    made.add_layer(Layer("Moved", small, placement=Placement(-7.0, 9.0), blend="multiply", follows_matte=True), 2)
    made.add_layer(
        Layer("Scaled", small, Plane.from_array(mask[:100, :120]), False, placement=Placement(1.25, 2.5, 0.7))
    )
    return replace(made.state, notes={"engine": "classic", "band": 12.5, "list": [1, None, {"pair": (1, "a")}]})


def assert_equal(before: DocumentState, after: DocumentState) -> None:
    """Value for value and plane for plane."""
    for name in ("width", "height", "dtype", "subject", "active", "icc", "exif", "xmp", "notes"):
        assert getattr(before, name) == getattr(after, name), name
    assert before.planes().keys() == after.planes().keys()
    for name, plane in before.planes().items():
        other = after.planes()[name]
        assert (plane.fill, plane.labels, plane.dtype) == (other.fill, other.labels, other.dtype), name
        assert np.array_equal(plane.to_array(), other.to_array()), name
    for one, two in zip(before.layers, after.layers, strict=True):
        bare = {"mask": None, "foreground": None}
        if isinstance(one.content, Plane):
            bare["content"] = None
        assert replace(one, **bare) == replace(two, **bare)


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None], **added: bytes) -> Path:
    """A copy of an archive with its members changed, left out (None) or added."""
    with zipfile.ZipFile(path) as old:
        members = [(info.filename, old.read(info)) for info in old.infolist()]
    out = path.with_name("changed.ora")
    with zipfile.ZipFile(out, "w") as new:
        for name, content in members:
            changed = change(name, content)
            if changed is not None:
                new.writestr(name, changed)
        for name, content in added.items():
            new.writestr(name, content)
    return out


def keep(name: str, content: bytes) -> bytes:
    """Change nothing."""
    return content


@pytest.fixture(scope="module")
def project_bytes(tmp_path_factory) -> bytes:
    """The file of the document above, made once."""
    path = tmp_path_factory.mktemp("project") / "project.ora"
    save_project(document(), path)
    return path.read_bytes()


@pytest.fixture
def saved(tmp_path, project_bytes) -> Path:
    """A project on disk."""
    (tmp_path / "project.ora").write_bytes(project_bytes)
    return tmp_path / "project.ora"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_saved_and_reopened_everything_is_as_before(dtype, tmp_path):
    before = document(dtype)
    path = tmp_path / "Zoë – 雪.ora"
    save_project(before, path)
    after = load_project(path)
    assert_equal(before, after)
    save_project(after, path)
    assert_equal(before, load_project(path))


def test_progress_runs_from_nothing_to_all(tmp_path):
    told: list[float] = []
    save_project(document(), tmp_path / "a.ora", progress=lambda fraction, text: told.append(fraction))
    assert told == sorted(told) and told[-1] == 1.0
    told.clear()
    load_project(tmp_path / "a.ora", lambda fraction, text: told.append(fraction))
    assert told and all(0.0 <= fraction <= 1.0 for fraction in told)


def test_other_programs_find_what_openraster_promises(saved):
    with zipfile.ZipFile(saved) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert saved.read_bytes()[38:54] == b"image/openraster"
        stack = archive.read("stack.xml").decode()
        assert stack.index('name="Scaled"') < stack.index('name="Run"')  # the topmost first
        for word in (
            'composite-op="svg:multiply"',
            'visibility="hidden"',
            'opacity="0.333333"',
            'x="-7" y="9"',
            "Zoë &lt;",
        ):
            assert word in stack
        with Image.open(BytesIO(archive.read("mergedimage.png"))) as merged:
            assert merged.size == (400, 300)
        with Image.open(BytesIO(archive.read("Thumbnails/thumbnail.png"))) as small:
            assert max(small.size) == 256 and small.format == "PNG"
        subject = next(line for line in stack.split("<layer ") if "Zoë" in line)
        member = subject.split('src="')[1].split('"')[0]
        with Image.open(BytesIO(archive.read(member))) as layer:
            alpha = np.asarray(layer)[..., 3]
        mask = document().subject_layer.mask
        assert mask is not None and np.abs(alpha.astype(int) - mask.to_array() / 257).max() <= 0.51


def test_the_merged_picture_is_the_one_that_was_handed_in(tmp_path):
    merged = Photo(np.full((300, 400, 3), 77, np.uint8))
    save_project(document(), tmp_path / "a.ora", merged)
    with zipfile.ZipFile(tmp_path / "a.ora") as archive, Image.open(BytesIO(archive.read("mergedimage.png"))) as shown:
        assert np.asarray(shown).min() == np.asarray(shown).max() == 77


def test_cancelled_half_way_the_old_project_is_untouched(saved):
    before = saved.read_bytes()

    def progress(fraction: float, text: str) -> None:
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        save_project(document(np.uint16), saved, progress=progress)
    assert saved.read_bytes() == before and [entry.name for entry in saved.parent.iterdir()] == [saved.name]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size are POSIX's")
def test_a_full_disk_leaves_the_old_project(saved):
    import resource

    before = saved.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(UserError, match="room on the disk"):
            save_project(document(), saved)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert saved.read_bytes() == before and [entry.name for entry in saved.parent.iterdir()] == [saved.name]


def test_planes_without_a_pixel_take_no_room_and_come_back(tmp_path):
    colours = Plane(1000, 800, 3)
    layer = Layer("Nothing", colours, Plane(1000, 800, 1, np.uint16))
    trimap = Plane(1000, 800, 1, np.uint8, 1, labels=True)
    state = DocumentState(1000, 800, np.dtype(np.uint8), (layer,), trimap, layer.id, layer.id)
    save_project(state, tmp_path / "a.ora", Photo(np.zeros((800, 1000, 3), np.uint8)))
    after = load_project(tmp_path / "a.ora")
    assert not after.trimap.stored() and after.trimap.fill == 1


def test_a_newer_version_is_named_as_such(saved):
    with pytest.raises(UserError) as caught:
        load_project(rewritten(saved, lambda n, c: _with_version(c, VERSION + 1) if n == RECORD else c))
    assert "newer version" in str(caught.value) and "Update" in caught.value.hint


def _with_version(content: bytes, version: int) -> bytes:
    record = json.loads(content)
    record["version"] = version
    return json.dumps(record).encode()


def test_a_project_that_breaks_off_anywhere_is_refused(saved, tmp_path):
    content = saved.read_bytes()
    for length in [*range(0, 200, 13), *range(200, len(content), len(content) // 40), len(content) - 1]:
        (tmp_path / "short.ora").write_bytes(content[:length])
        with pytest.raises(UserError) as caught:
            load_project(tmp_path / "short.ora")
        assert caught.value.hint


def test_every_damaged_part_is_called_by_its_name(saved):
    with zipfile.ZipFile(saved) as archive:
        names = [name for name in archive.namelist() if name.startswith("mattelier/planes")]
    assert names
    for member in names:
        for broken in (lambda c: c[: len(c) // 2], lambda c: b"", lambda c: None):
            changed = rewritten(saved, lambda n, c, m=member, b=broken: b(c) if n == m else c)
            with pytest.raises(UserError, match=member):
                load_project(changed)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 1}',
        b'{"version": "x", "state": {}}',
        b'{"version": 1, "state": []}',
        b"[" * 9999,
    ],
)
def test_a_record_of_nonsense_is_refused(content, saved):
    with pytest.raises(UserError):
        load_project(rewritten(saved, lambda n, c: content if n == RECORD else c))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("width",), -1), (("width",), 10**9), (("height",), "300"), (("dtype",), "object"), (("subject",), "nobody"),
        (("layers",), {}), (("layers", 0, "blend"), "burn"), (("layers", 0, "opacity"), "much"), (("trimap",), 7),
        (("layers", 0, "placement"), [0, 0, 0]), (("layers", 0, "placement"), [0, 0, float("nan")]),
        (("trimap",), {"fill": 0, "labels": True, "empty": [10**6, 10**6, 1, "uint8"]}),
        (("trimap",), {"fill": 0, "labels": True, "empty": [3, 3, 1, "uint8"]}),
        (("trimap",), {"fill": -1, "labels": True, "member": "mergedimage.png"}),
        (("layers", 3, "mask"), {"fill": 0, "labels": False, "member": "mergedimage.png"}),
    ],
    ids=str,
)  # fmt: skip
def test_values_of_nonsense_are_refused(path, value, saved):
    def change(name: str, content: bytes) -> bytes:
        if name != RECORD:
            return content
        record = json.loads(content)
        place = record["state"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return json.dumps(record).encode()

    with pytest.raises(UserError):
        load_project(rewritten(saved, change))


# files from strangers


@pytest.mark.parametrize("name", ["../../evil.png", "/etc/passwd", "C:\\evil.png", "data\\..\\..\\evil", "a/../../b"])
def test_paths_that_climb_out_are_refused_and_nothing_is_unpacked(name, saved, tmp_path):
    changed = rewritten(saved, keep, **{name: b"x"})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="outside itself"):
        load_project(changed)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_member_that_unpacks_to_more_than_it_may_is_refused(saved, tmp_path):
    bomb = tmp_path / "bomb.ora"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", b"image/openraster")
        archive.writestr(RECORD, b" " * (70 << 20))
    with pytest.raises(UserError, match="claims to be"):
        load_project(bomb)


def test_a_picture_that_claims_too_many_pixels_is_refused(tmp_path):
    header = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    path = ora(tmp_path, '<image w="9" h="9"><stack><layer src="data/a.png"/></stack></image>', {"data/a.png": png})
    with pytest.raises(UserError, match="40000 x 40000"):
        load_project(path)


def test_many_planes_from_one_small_picture_do_not_take_all_memory(saved, monkeypatch):
    monkeypatch.setattr("editor.document.archive._ALL_LIMIT_PIXELS", 4 * 400 * 300)

    def change(name: str, content: bytes) -> bytes:
        if name != RECORD:
            return content
        record = json.loads(content)
        member = "mergedimage.png"
        record["state"]["notes"] = [{"fill": fill, "labels": False, "member": member} for fill in range(40)]
        return json.dumps(record).encode()

    with pytest.raises(UserError):
        load_project(rewritten(saved, change))


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE image [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><image w="9" h="9"><stack>&b;</stack></image>',
        '<!DOCTYPE image SYSTEM "file:///etc/passwd"><image w="9" h="9"><stack/></image>',
    ],
)
def test_xml_with_entities_is_refused(xml, tmp_path):
    with pytest.raises(UserError, match="entities"):
        load_project(ora(tmp_path, xml, {}))


@pytest.mark.parametrize(
    "xml",
    [
        "", "<image", "<image/>", '<image w="9" h="0"><stack/></image>', '<image w="9" h="9"/>',
        '<image w="99999" h="99999"><stack/></image>', '<image w="9" h="9"><stack/></image>',
        '<image w="9" h="9"><stack><layer src="../a.png"/></stack></image>',
        '<image w="9" h="9">' + "<stack>" * 200 + "</stack>" * 200 + "</image>",
    ],
)  # fmt: skip
def test_a_stack_of_nonsense_is_refused(xml, tmp_path):
    with pytest.raises(UserError):
        load_project(ora(tmp_path, xml, {}))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_project_says_so(content, tmp_path):
    (tmp_path / "a.ora").write_bytes(content)
    with pytest.raises(UserError):
        load_project(tmp_path / "a.ora")
    with pytest.raises(UserError, match="not there"):
        load_project(tmp_path / "gone.ora")


def test_a_project_without_its_beginning_is_called_damaged(saved):
    saved.write_bytes(saved.read_bytes()[100:])
    with pytest.raises(UserError, match="is damaged"):
        load_project(saved)


# other programs' projects


def test_another_programs_layers_are_taken_over(tmp_path):
    photo = np.ascontiguousarray(data.astronaut()[:60, :80])
    drawing = np.zeros((30, 40, 4), np.uint8)
    drawing[10:20, 10:30] = (200, 40, 10, 128)
    xml = """<?xml version='1.0' encoding='UTF-8'?>
      <image version="0.0.3" w="80" h="60" name="x"><stack>
        <layer name="hidden" src="data/c.png" visibility="hidden" composite-op="svg:color-dodge"/>
        <stack x="3" y="4" opacity="0.5"><layer name="drawing" src="data/b.png" x="2" y="1" opacity="0.5"/></stack>
        <layer name="photo" src="data/a.png" composite-op="svg:multiply" opacity="1.0"/>
        <layer name="vector" src="data/d.svg"/>
      </stack></image>"""
    members = {"data/a.png": png(photo), "data/b.png": png(drawing), "data/c.png": png(photo)}
    state = load_project(ora(tmp_path, xml, members))
    assert [layer.name for layer in state.layers] == ["photo", "drawing", "hidden"]
    bottom, middle, top = state.layers
    assert np.array_equal(bottom.content.to_array(), photo) and bottom.mask is None and bottom.blend == "multiply"
    assert middle.placement == Placement(5.0, 5.0) and middle.opacity == 0.25
    assert middle.mask is not None and np.array_equal(middle.mask.to_array(), drawing[..., 3].astype(np.uint16) * 257)
    assert not top.visible and top.blend == "normal"
    assert state.subject == middle.id  # the topmost one that is seen
    assert (state.trimap.width, state.trimap.height) == (40, 30) and (state.width, state.height) == (80, 60)
    save_project(state, tmp_path / "ours.ora")
    assert_equal(state, load_project(tmp_path / "ours.ora"))


def test_our_project_opens_without_our_members_as_another_programs_would_save_it(saved):
    plain = rewritten(saved, lambda n, c: None if n.startswith("mattelier/") else c)
    state = load_project(plain)
    assert [layer.name for layer in state.layers] == [layer.name.replace("\x01", "") for layer in document().layers]
    assert (state.width, state.height) == (400, 300)
