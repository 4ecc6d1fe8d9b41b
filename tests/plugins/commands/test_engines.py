"""``mattelier engines``."""

from __future__ import annotations

import json


def test_json_lists_every_engine_and_exactly_one_default(mattelier, registry):
    rows = json.loads(mattelier("engines", "--json").out)
    assert {row["name"] for row in rows} == set(registry.engines)
    assert [row["default"] for row in rows].count(True) == 1 and rows[0]["default"]
    for row in rows:
        assert {
            "name", "title", "description", "licence", "device", "default", "finds_trimap", "settings", "missing",
        } == set(row)  # fmt: skip
        assert row["device"] and row["licence"]


def test_engines_that_can_run_come_first_and_the_others_say_what_they_lack(mattelier, registry):
    rows = json.loads(mattelier("engines", "--json").out)
    lacking = [bool(row["missing"]) for row in rows]
    assert lacking == sorted(lacking) and any(lacking) and not lacking[0]
    assert all(row["missing"] == registry.engines[row["name"]].missing() for row in rows)


def test_the_list_for_people_counts_those_that_lack_something_in_one_line(mattelier):
    lacking = [row for row in json.loads(mattelier("engines", "--json").out) if row["missing"]]
    out = mattelier("engines").out
    assert f"{len(lacking)} more lack something" in out and "mattelier models list" in out
    assert f"\n{lacking[0]['name']}:" not in out


def test_the_list_for_people_names_engines_settings_and_the_default(mattelier):
    outcome = mattelier("engines")
    assert outcome.code == 0 and "closed-form" in outcome.out and "(default)" in outcome.out
    assert "smoothness=1.0" in outcome.out


def test_a_plugin_that_could_not_be_loaded_is_named_on_stderr(mattelier, home):
    plugins = home / "data" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "broken.py").write_text("import no_such_library_anywhere")
    outcome = mattelier("engines", "--json")
    assert outcome.code == 0 and json.loads(outcome.out)
    assert "broken.py" in outcome.err and "ModuleNotFoundError" in outcome.err


def test_an_engine_in_the_users_folder_is_listed(mattelier, home):
    plugins = home / "data" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "mine.py").write_text(
        "from dataclasses import dataclass\nfrom editor.api import Engine\n\n@dataclass\nclass Mine(Engine):\n"
        "    name = 'mine'\n    title = 'Mine'\n    licence = 'GPL-3.0'\n\n"
        "    def run(self, image, trimap, progress, start=None):\n        return trimap / 255\n\nPLUGINS = [Mine]\n"
    )
    rows = {row["name"]: row for row in json.loads(mattelier("engines", "--json").out)}
    assert rows["mine"]["licence"] == "GPL-3.0" and not rows["mine"]["default"]
