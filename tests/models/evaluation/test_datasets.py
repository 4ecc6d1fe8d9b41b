"""The readers of the data sets, each on a tiny copy of its layout, and what they say of one that is not there."""

from pathlib import Path

import pytest

from models.evaluation import datasets
from models.evaluation.datasets import composition_plan, open_dataset


def lay(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def write(path: Path, *lines: str, end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(end.join(lines).encode())


def files_of(dataset) -> dict[str, tuple]:
    """By the name of each case: photo, matte and the trimaps by label, as paths' last two parts."""

    def tail(path: Path) -> str:
        return "/".join(path.parts[-2:])

    return {
        case.name: (tail(case.image), tail(case.truth), {label: tail(path) for label, path in case.trimaps})
        for case in dataset.cases
    }


def test_aim_500_pairs_photo_mask_and_trimap_and_names_what_is_left(tmp_path):
    names = [
        "original/o_1.jpg",
        "mask/o_1.png",
        "trimap/o_1.png",
        "original/o_2.jpg",
        "mask/o_3.png",
        "original/._o.jpg",
    ]
    dataset = open_dataset("AIM-500", lay(tmp_path, *names))
    assert files_of(dataset) == {"o_1": ("original/o_1.jpg", "mask/o_1.png", {"trimap": "trimap/o_1.png"})}
    assert sorted(dataset.unpaired) == ["o_2.jpg: no matte", "o_3.png: no photo"]
    assert not dataset.portraits


def test_a_photo_without_its_trimap_is_named_and_measured_all_the_same(tmp_path):
    names = ["original/1.jpg", "mask/1.png", "original/2.jpg", "mask/2.png", "trimap/2.png"]
    dataset = open_dataset("aim-500", lay(tmp_path, *names))
    assert [len(case.trimaps) for case in dataset.cases] == [0, 1]
    assert dataset.unpaired == ("1.jpg: no trimap",)


@pytest.mark.parametrize("size", ["lowres", "highres"])
def test_alphamatting_is_read_as_its_archives_unpack(tmp_path, size):
    names = [f"input_training_{size}/GT01.png", f"gt_training_{size}/GT01.png"]
    names += [f"trimap_training_{size}/Trimap{n}/GT01.png" for n in (1, 2)]
    dataset = open_dataset("alphamatting", lay(tmp_path, *names))
    assert files_of(dataset) == {
        "GT01": (
            f"input_training_{size}/GT01.png",
            f"gt_training_{size}/GT01.png",
            {"trimap1": "Trimap1/GT01.png", "trimap2": "Trimap2/GT01.png"},
        )
    }


def test_alphamatting_is_read_flat_too(tmp_path):
    dataset = open_dataset(
        "alphamatting", lay(tmp_path / "a", *(f"GT02_{e}.png" for e in ("image", "alpha", "trimap2")))
    )
    assert files_of(dataset) == {"GT02": ("a/GT02_image.png", "a/GT02_alpha.png", {"trimap2": "a/GT02_trimap2.png"})}


def test_portrait_2k_takes_the_test_split_alone(tmp_path):
    names = ["training/00001.png", "training/00001_matte.png", "testing/00002.png", "testing/00002_matte.png"]
    dataset = open_dataset("portrait-2k", lay(tmp_path, *names, "testing/00003.png"))
    assert files_of(dataset) == {"00002": ("testing/00002.png", "testing/00002_matte.png", {})}
    assert dataset.unpaired == ("00003.png: no matte",) and dataset.portraits


@pytest.mark.parametrize("names", [("image/a.jpg", "matte/a.jpg"), ("a_image.jpg", "a_alpha.png")])
def test_ppm_100_is_read_as_published_and_flat(tmp_path, names):
    dataset = open_dataset("ppm-100", lay(tmp_path, *names))
    assert [case.name for case in dataset.cases] == ["a"] and dataset.portraits
    assert dataset.cases[0].image == tmp_path / names[0] and dataset.cases[0].truth == tmp_path / names[1]


def test_simd_is_read_class_by_class_as_its_own_script_writes_it(tmp_path):
    names = [f"{folder}/{part}/x_y.png" for folder in ("fur", "net") for part in ("merged", "alpha", "trimap")]
    dataset = open_dataset("simd", lay(tmp_path, *names, "net/merged/z.png"))
    assert [case.name for case in dataset.cases] == ["fur/x_y", "net/x_y"]
    assert files_of(dataset)["net/x_y"][2] == {"trimap": "trimap/x_y.png"}
    assert dataset.unpaired == ("net/z.png: no matte",)


def adobe(root: Path) -> Path:
    """Two foregrounds and a list of forty backgrounds, with the line ends of two systems."""
    own = "Combined_Dataset/Test_set/Adobe-licensed images"
    lay(root, *(f"{own}/{part}/{name}.png" for part in ("fg", "alpha") for name in ("zebra", "ant")))
    lay(root, *(f"{own}/trimaps/{name}_{k}.png" for name in ("zebra", "ant") for k in range(20)))
    write(root / "Combined_Dataset/Test_set/test_fg_names.txt", "zebra.png", "ant.png", end="\r\n")
    write(root / "Combined_Dataset/Test_set/test_bg_names.txt", *(f"2008_{k:06d}.jpg" for k in range(40)), "")
    lay(root / "VOCdevkit", *(f"VOC2012/JPEGImages/2008_{k:06d}.jpg" for k in range(50)))
    return root


def test_composition_1k_is_planned_in_the_published_order(tmp_path):
    plan = composition_plan("composition-1k", adobe(tmp_path), tmp_path / "VOCdevkit")
    assert len(plan) == 40
    assert [
        (item.foreground.name, item.background.name, item.output.name) for item in (plan[0], plan[19], plan[20])
    ] == [
        ("zebra.png", "2008_000000.jpg", "zebra_0.png"),
        ("zebra.png", "2008_000019.jpg", "zebra_19.png"),
        ("ant.png", "2008_000020.jpg", "ant_0.png"),
    ]
    assert plan[20].alpha.parent.name == "alpha" and plan[20].output.parent.name == "merged"


def test_composition_1k_is_read_once_it_is_composed(tmp_path):
    adobe(tmp_path)
    with pytest.raises(ValueError, match=r"not composed yet.*--compose"):
        open_dataset("composition-1k", tmp_path)
    lay(tmp_path / "Combined_Dataset/Test_set", "merged/ant_2.png", "merged/ant_10.png", "merged/bee_0.png")
    dataset = open_dataset("composition-1k", tmp_path)
    assert files_of(dataset) == {
        "ant_2": ("merged/ant_2.png", "alpha/ant.png", {"trimap": "trimaps/ant_2.png"}),
        "ant_10": ("merged/ant_10.png", "alpha/ant.png", {"trimap": "trimaps/ant_10.png"}),
    }
    assert [case.name for case in dataset.cases] == ["ant_2", "ant_10"]
    assert "bee_0.png: no matte" in dataset.unpaired and "zebra.png: no photo" in dataset.unpaired


def test_backgrounds_that_are_not_there_are_counted_and_named_before_work_starts(tmp_path):
    adobe(tmp_path)
    (tmp_path / "VOCdevkit/VOC2012/JPEGImages/2008_000007.jpg").unlink()
    with pytest.raises(ValueError, match=r"1 backgrounds of Pascal VOC are not in .*2008_000007\.jpg"):
        composition_plan("composition-1k", tmp_path, tmp_path / "VOCdevkit")


def test_distinctions_646_is_planned_by_name_and_read(tmp_path):
    lay(tmp_path, *(f"Test/{part}/{name}.png" for part in ("FG", "GT") for name in ("b", "a")))
    write(tmp_path / "Test/bg_test.txt", *(f"v{k}.jpg" for k in range(40)), end="\r\n")
    lay(tmp_path / "voc", *(f"JPEGImages/v{k}.jpg" for k in range(40)))
    plan = composition_plan("distinctions-646", tmp_path, tmp_path / "voc")
    assert [(item.output.name, item.background.name) for item in (plan[0], plan[39])] == [
        ("a_0.png", "v0.jpg"), ("b_19.png", "v39.jpg"),
    ]  # fmt: skip
    lay(tmp_path, *(f"Test/merged/{name}_0.png" for name in ("a", "b")))
    assert files_of(open_dataset("distinctions-646", tmp_path))["b_0"] == ("merged/b_0.png", "GT/b.png", {})


def test_simd_our_takes_the_authors_list_where_it_is_there(tmp_path):
    lay(tmp_path, *(f"{name}/{part}/f.png" for name in ("fur", "net") for part in ("fg", "alpha")))
    lay(tmp_path / "voc", *(f"b{k:02d}.jpg" for k in range(40)))
    by_rule = composition_plan("simd", tmp_path, tmp_path / "voc")
    assert len(by_rule) == 40 and by_rule[20].background.name == "b20.jpg" and by_rule[0].longest_px == 2000
    write(
        tmp_path / "SIMD_composition_test_filelist.txt", "net:f.png:b03.jpg", "net:f.png:b01.jpg", "fur:f.png:b00.jpg"
    )
    listed = composition_plan("simd", tmp_path, tmp_path / "voc")
    assert [(item.output.name, item.background.name) for item in listed] == [
        ("net_f_0.png", "b03.jpg"), ("net_f_1.png", "b01.jpg"), ("fur_f_0.png", "b00.jpg"),
    ]  # fmt: skip
    lay(tmp_path, "SIMD_our/merged/net_f_0.png", "SIMD_our/alpha/net_f.png")
    assert files_of(open_dataset("simd", tmp_path)) == {"net_f_0": ("merged/net_f_0.png", "alpha/net_f.png", {})}


def test_too_few_backgrounds_are_a_sentence(tmp_path):
    lay(tmp_path, "fur/fg/f.png", "fur/alpha/f.png", "voc/b.jpg")
    with pytest.raises(ValueError, match="take 20 backgrounds, but there are 1"):
        composition_plan("simd", tmp_path, tmp_path / "voc")


@pytest.mark.parametrize(
    "names", [("images/a.jpg", "alphas/a.png", "trimaps/a.png"), ("a_image.jpg", "a_matte.png", "a_trimap.png")]
)
def test_a_plain_folder_is_read_by_sub_folders_or_endings(tmp_path, names):
    dataset = open_dataset("mine", lay(tmp_path / "mine", *names).parent)
    assert [case.name for case in dataset.cases] == ["a"] and not dataset.portraits
    assert dataset.cases[0].trimaps == (("trimap", tmp_path / "mine" / names[2]),)


@pytest.mark.parametrize("name", datasets.names())
def test_a_set_that_is_not_there_says_what_to_put_where_and_whom_to_ask(tmp_path, name):
    with pytest.raises(ValueError) as error:
        open_dataset(name, tmp_path)
    assert str(tmp_path) in str(error.value) and "Put " in str(error.value)
    assert "give it on request" in str(error.value) or "publish" in str(error.value)


def test_neither_a_set_nor_a_folder_is_a_sentence_that_lists_the_sets(tmp_path):
    with pytest.raises(ValueError, match=r"neither a data set nor a folder.*aim-500"):
        open_dataset("aim500", tmp_path)
    with pytest.raises(ValueError, match="holds no photos with mattes"):
        open_dataset(str(tmp_path), tmp_path)
