"""The recipes hold what the papers print; settings change them, and wrong ones list the right ones."""

from __future__ import annotations

import json

import pytest

from models.catalogue import every_spec
from models.training.cookbook import every_recipe, overview, recipe_named
from models.training.objective import TERMS, Objective
from models.training.recipes import LOSSES, Recipe, changed, from_numbers, settings


@pytest.mark.parametrize("name", every_recipe())
def test_every_recipe_can_be_followed_and_written_down(name):
    recipe = recipe_named(name)
    Objective(recipe.losses, recipe.plus, recipe.unknown_from)
    assert recipe.name == name and recipe.title and recipe.source
    assert from_numbers(json.loads(json.dumps(recipe.as_numbers()))) == recipe


def test_indexnet_is_trained_as_chapter_3_prints():
    recipe = recipe_named("indexnet-adobe")
    assert (recipe.optimiser, recipe.rate, recipe.batch, recipe.crop_px) == ("adam", 0.01, 16, 320)
    assert recipe.steps == 90_000 and recipe.drops == (20 * 3000, 26 * 3000)
    assert recipe.losses == {"alpha": 0.5, "composition": 0.5} and recipe.fixed_norms and recipe.zero_trimap


def test_a2u_is_trained_as_chapter_4_prints():
    recipe = recipe_named("a2u-adobe")
    assert recipe.steps == 30 * 6000 and recipe.drops == (20 * 6000, 26 * 6000)
    assert (recipe.batch, recipe.crop_px, recipe.plus, recipe.augmentation) == (16, 512, 1, "a2u")
    assert recipe_named("a2u-distinctions").steps == 25 * 6000


def test_rmat_is_trained_as_chapter_5_prints():
    base, final = recipe_named("rmat-base"), recipe_named("rmat-m3-final")
    assert (base.optimiser, base.rate, base.schedule, base.warmup) == ("adamw", 6e-4, "cosine", 1000)
    assert (base.steps, base.batch, final.steps, final.batch) == (90_000, 32, 120_000, 64)
    assert set(final.losses) == {"alpha", "composition", "laplacian", "gradient-penalty"}
    assert (base.strong, final.strong) == ("none", "af+afb+ac")


def test_the_toy_experiment_is_that_of_table_5_1():
    rows = [recipe_named(f"rmat-toy-{short}") for short in ("none", "da", "da-alpha")]
    assert [row.strong for row in rows] == ["none", "da", "da+alpha"]
    assert all((row.losses, row.steps, row.batch) == ({"alpha": 1.0}, 45_000, 32) for row in rows)
    assert all(row.network == "rmat-b3" and row.rate == recipe_named("rmat-base").rate for row in rows)


@pytest.mark.parametrize(
    ("name", "table", "rows"), [("indexnet-adobe", "3.5", 3), ("a2u-adobe", "4.4", 2), ("a2u-adobe", "4.3", 4)]
)
def test_networks_of_the_tables_that_a_title_names_can_be_set(name, table, rows):
    networks = [spec.name for spec in every_spec().values() if spec.paper.table == table]
    assert len(networks) == rows
    assert all(changed(recipe_named(name), [f"network={network}"]).network == network for network in networks)


def test_pspm_is_trained_in_two_phases_as_chapter_6_prints():
    first, second = recipe_named("pspm-b5-phase1"), recipe_named("pspm-b5-phase2")
    assert recipe_named("pspm-b5-fm-phase1").frozen == ("encoder.backbone.", "seg_decoder.")
    assert first.frozen == ("encoder.", "seg_decoder.") and first.losses == {"unknown-alpha": 1.0}
    assert second.losses == {"unknown-alpha": 1, "whole-alpha": 10, "sobel": 10, "affinity": 10} and not second.frozen
    assert (first.rate, first.steps, second.rate, second.steps) == (0.01, 40_000, 1e-4, 100_000)
    assert first.optimiser == "sgd" and first.momentum == 0.9 and first.weight_decay == 5e-4
    assert recipe_named("pspm-b1").losses == {"whole-alpha": 1.0, "trimap": 0.1}
    assert recipe_named("pspm-segmentation").part == "segmentation"


def test_our_own_recipes_need_no_data_but_the_portraits():
    own = [recipe for recipe in every_recipe().values() if recipe.source == "our own"]
    assert {"indexnet", "a2u", "rmat-m3", "pspm-b5-fm", "indexnet-small", "a2u-small"} <= {r.name for r in own}
    given = {recipe.name for recipe in own if recipe.data != "drawn"}
    assert given <= {"pspm-b5-fm", "pspm-small", "pspm-small-edge", "fusion", "fusion-second"}
    assert all(recipe.licence == "MIT" for recipe in own if recipe.data == "drawn")


def test_a_wrong_recipe_lists_the_right_ones():
    with pytest.raises(ValueError, match=r"no recipe indexnte\. There are .*indexnet-adobe.*rmat-m3-final"):
        recipe_named("indexnte")
    assert [row["name"] for row in overview()] == list(every_recipe())


def test_drawings_are_as_large_as_the_pictures_cut_from_them_or_there_are_none():
    small = recipe_named("indexnet-small")
    with pytest.raises(ValueError, match=r"drawn_px cannot be 512\. Pictures of 544 px \(crop_px\) are cut"):
        changed(small, ["crop_px=544"])
    with pytest.raises(ValueError, match=r"Pictures of 544 px \(first_px\)"):
        changed(small, ["first_px=544"])
    assert changed(small, ["first_px=544", "first_steps=0"]).side_px(0) == small.crop_px
    assert changed(small, ["crop_px=544", "drawn_px=0"]).side_px(small.first_steps) == 544
    assert changed(small, ["data=adobe", "augmentation=indexnet", "crop_px=544"]).data == "adobe"


def test_settings_change_a_recipe_by_the_kind_of_their_value():
    words = ["rate=1e-4", "batch=4", "fixed_norms=no", "drops=3,5", "frozen=encoder.,head.", "losses.sobel=2"]
    recipe = changed(recipe_named("indexnet-adobe"), [*words, "losses.composition=0", "network=indexnet-hmi"])
    assert (recipe.rate, recipe.batch, recipe.fixed_norms, recipe.drops) == (1e-4, 4, False, (3, 5))
    assert recipe.frozen == ("encoder.", "head.") and recipe.losses == {"alpha": 0.5, "sobel": 2.0}
    assert recipe.network == "indexnet-hmi"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("speed=3", r"no setting speed\. There are network, data, .*rate"),
        ("rate", "written NAME=VALUE"),
        ("rate=fast", "rate cannot be fast. It is a number"),
        ("rate=nan", "Rates are above 0"),
        ("batch=2.5", "It is a whole number"),
        ("batch=0", "It must be 1 or more"),
        ("fixed_norms=maybe", "It is yes or no"),
        ("drops=3,x", "whole numbers with commas"),
        ("optimiser=lamb", "Choose one of adam, adamw, sgd"),
        ("network=nothing", "no network nothing"),
        ("crop_px=100", "takes multiples of 32"),
        ("accumulate=17", "has not so many parts"),
        ("clip=-1", "0 or more"),
        ("average=1", "below 1"),
        ("momentum=2", "below 1"),
        ("losses.alpha=nan", "losses.alpha cannot be nan. A weight is above 0"),
        ("losses.alpha=-1", "A weight is above 0"),
        (f"seed={1 << 70}", "The largest is"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(word, said):
    with pytest.raises(ValueError, match=said):
        changed(recipe_named("indexnet-adobe"), [word])


def test_a_recipe_of_another_version_is_refused():
    numbers = recipe_named("indexnet").as_numbers()
    with pytest.raises(ValueError, match="another version of the program"):
        from_numbers(numbers | {"speed": 3})


def test_names_and_descriptions_cannot_be_set():
    assert not {"name", "title", "source", "facts", "losses"} & set(settings())


def test_everything_that_may_be_set_says_what_it_means() -> None:
    meanings = Recipe.meanings()
    assert set(settings()) <= set(meanings) and all(meanings.values())
    assert all(name in meanings["losses"] for name in TERMS) and tuple(TERMS) == LOSSES
    assert "cosine" in meanings["schedule"] and "bfloat16" in meanings["precision"]
