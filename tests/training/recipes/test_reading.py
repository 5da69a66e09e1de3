"""What a recipe's file may say, and the sentence for what it may not."""

from pathlib import Path

import pytest

from fer_live.errors import SettingsError
from fer_live.training.recipes import make as making
from fer_live.training.recipes.make import RecipeWorkspace
from fer_live.training.recipes.order import stages_for
from fer_live.training.recipes.recipe import read_recipe

pytestmark = pytest.mark.training

BROKEN = [
    ('of = "less"', 'of = "lost"', r"stage again: no stage before it is called 'lost'"),
    ('of = "again"', 'of = "less"', r"student/less has one seed; nothing to average"),
    ('do = "average"', 'do = "mirror"', r"student/again has several seeds; average or choose"),
    ("teacher/both-ways", "teacher/none", r"recipe teacher has no stage 'none'; it has plain"),
    ("teacher/both-ways", "nobody/one", r"there is no recipe 'nobody' in .*; there are student"),
    ("budget = 0.7", "budget = 7", r"stage less: prune: budget must be in \(0, 1\)"),
    ("seeds = [3, 4]", "seed = 3", r"stage again: there is no key 'seed'"),
    ('extends = "small/shared.toml"', 'extends = "student.toml"', "extends itself"),
    ('of = "less"', 'of = "less"\nothers = ["first"]', r"others belongs to do = average"),
    ("[[stages]]", "[[stage]]", r"student\.toml: a recipe needs \[\[stages\]\]"),
    ("\nextends", "\nhalf_storage = 1\nextends", r"half_storage must be true or false, got 1"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN)
def test_what_is_wrong_is_one_sentence(old: str, new: str, said: str, recipes: Path) -> None:
    path = recipes / "student.toml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SettingsError, match=said) as caught:
        stages_for("student", recipes)
    assert "\n" not in str(caught.value)


def test_two_recipes_that_need_each_other_are_refused(recipes: Path) -> None:
    path = recipes / "teacher.toml"
    path.write_text(
        path.read_text().replace('"plain"\n[[', '"plain"\nteachers = ["student/first"]\n[[', 1)
    )
    with pytest.raises(SettingsError, match="a circle"):
        stages_for("student", recipes)


def test_keys_of_the_recipe_win_over_what_it_extends(recipes: Path) -> None:
    (recipes / "wide.toml").write_text(
        'extends = "small/shared.toml"\n[fit]\nepochs = 9\n[[stages]]\nname = "one"\n'
        "[stages.fit]\nbatch = 5\n"
    )
    (only,) = read_recipe("wide", recipes).stages
    assert only.experiment is not None
    assert (only.experiment.fit.epochs, only.experiment.fit.batch) == (9, 5)
    assert only.experiment.network.widths == (4, 8, 8, 8, 16)
    assert making.experiments_of(only, {}, RecipeWorkspace(recipes))[0].name == "wide-one"


def test_a_folder_without_a_network_that_is_needed_is_refused(
    recipes: Path, tmp_path: Path
) -> None:
    (tmp_path / "finished").mkdir()
    with pytest.raises(SettingsError, match=r"student could be made from; needed is teacher\.ckpt"):
        stages_for("student", recipes, finished=tmp_path / "finished")
    with pytest.raises(SettingsError, match=r"there is no folder .*nowhere with finished networks"):
        stages_for("student", recipes, finished=tmp_path / "nowhere")
