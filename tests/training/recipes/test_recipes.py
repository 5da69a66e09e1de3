"""Every recipe makes its model from the data alone; interrupted anywhere it ends the same."""

import dataclasses
import json
import shutil
from pathlib import Path

import onnx
import pytest
import torch
from typer.testing import CliRunner

from benchmarks.training.killed_recipe import killed_and_resumed
from fer_live.errors import SettingsError
from fer_live.training.cli import app
from fer_live.training.config.experiment import DataSettings, Experiment
from fer_live.training.fitting.fit import Running
from fer_live.training.fitting.publish import recoveries_of
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.recipes.make import RecipeWorkspace, make
from fer_live.training.recipes.order import stages_for
from fer_live.training.recipes.recipe import Stage
from tests.training.recipes.conftest import made_faces

pytestmark = [
    pytest.mark.training,
    pytest.mark.usefixtures("own_cache"),
    # The stand-ins are smaller than a batch of the real sets.
    pytest.mark.filterwarnings("ignore:The number of training batches"),
]

RECIPES = Path(__file__).parents[3] / "recipes"
NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))
SHIPPED = Path(__file__).parents[3] / "assets" / "models"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> RecipeWorkspace:
    """One for all recipes, so that stages which several recipes need are made once."""
    root = tmp_path_factory.mktemp("workspace")
    quiet = Running(max_steps=2, progress=False)
    data = made_faces(root / "data")
    return RecipeWorkspace(data, root / "runs", change=shortened, running=quiet)


def shortened(experiment: Experiment) -> Experiment:
    """The same but for its length; noise has no faces to find, so the second framing goes."""

    def without_faces(data: DataSettings) -> DataSettings:
        return dataclasses.replace(data, also=())

    second, taught = experiment.second, experiment.distil
    return dataclasses.replace(
        experiment,
        data=without_faces(experiment.data),
        second=None if second is None else without_faces(second),
        fit=dataclasses.replace(experiment.fit, epochs=1, batch=14, precision="32"),
        distil=dataclasses.replace(taught, views=min(1, taught.views)),
    )


def short(stage: Stage) -> Stage:
    """Measure and recover on next to nothing."""
    if stage.prune is None:
        return stage
    table = dataclasses.replace(
        stage.prune, images=14, recover=1, precision="32", allocation="uniform"
    )
    return dataclasses.replace(stage, prune=table)


def test_there_is_a_recipe_for_every_model_that_ships() -> None:
    assert {path.stem for path in SHIPPED.glob("*.onnx")} == set(NAMES)


@pytest.mark.timeout(1200)  # eleven trainings
@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_makes_a_network_like_the_one_that_ships(
    name: str, workspace: RecipeWorkspace
) -> None:
    stages = tuple(short(stage) for stage in stages_for(name, RECIPES))
    made = make(stages, workspace)
    shipped = json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
    assert made.architecture == shipped["architecture"]
    assert list(made.labels) == shipped["labels"]
    assert made.mirrored == shipped.get("mirrored", False)
    assert len(made.heads) >= (2 if shipped.get("second") else 1)
    assert (made.pruning is None) == (shipped["pruning"] is None)
    if made.pruning is None:
        assert list(made.widths) == shipped["widths"]


def weights_of(recipes: Path, faces: Path, runs: Path) -> str:
    workspace = RecipeWorkspace(faces, runs)
    return make(stages_for("student", recipes), workspace).weights_sha256()


def test_the_same_command_goes_on_after_each_stage_and_ends_the_same(
    recipes: Path, faces: Path, tmp_path: Path
) -> None:
    stages = stages_for("student", recipes)
    assert [stage.key for stage in stages] == [
        "teacher/plain",
        "teacher/both-ways",
        "student/first",
        "student/less",
        "student/again",
        "student/mean",
    ]
    unbroken = weights_of(recipes, faces, tmp_path / "a")
    told: list[tuple[str, float]] = []
    for end in range(1, len(stages) + 1):
        workspace = RecipeWorkspace(
            faces, tmp_path / "b", told=lambda s, share: told.append((s.key, share))
        )
        made = make(stages[:end], workspace)
    assert made.weights_sha256() == unbroken
    assert [share for key, share in told if key == "teacher/plain"].count(0.5) == 1, "once"
    whole = Checkpoint.load(tmp_path / "b" / "student-again-mean" / "best.ckpt")
    assert whole.sizes == (8, 7)
    assert whole.pruning is not None
    (learned,) = recoveries_of(whole)
    assert (
        learned
        == "student-again: 2 epochs, learning rate 0.1, 50% of the target from student-first"
    )
    assert all(head.temperature != 1.0 for head in whole.heads)


@pytest.mark.long
@pytest.mark.timeout(1200)  # three processes of six trainings each
def test_a_making_that_is_killed_and_resumed_ends_at_the_same_weights(
    recipes: Path, faces: Path, tmp_path: Path
) -> None:
    options = ["--data", str(faces), "--recipes", str(recipes)]
    found = killed_and_resumed("student", options, tmp_path / "made", kills=1)
    assert found.kills == 1
    assert found.killed == found.undisturbed


def test_a_stage_whose_run_was_lost_is_made_again(
    recipes: Path, faces: Path, tmp_path: Path
) -> None:
    before = weights_of(recipes, faces, tmp_path / "runs")
    shutil.rmtree(tmp_path / "runs" / "student-less")
    assert weights_of(recipes, faces, tmp_path / "runs") == before


def test_the_mean_of_two_stages_is_that_of_their_weights(
    recipes: Path, faces: Path, tmp_path: Path
) -> None:
    path = recipes / "teacher.toml"
    path.write_text(
        path.read_text().replace(
            '[[stages]]\nname = "both-ways"\ndo = "mirror"\nof = "plain"\n',
            '[[stages]]\nname = "further"\nof = "plain"\nfit = { epochs = 1 }\n'
            '[[stages]]\nname = "between"\ndo = "average"\nof = "further"\nothers = ["plain"]\n',
        )
    )
    made = make(stages_for("teacher", recipes), RecipeWorkspace(faces, tmp_path))
    plain, further = (
        Checkpoint.load(tmp_path / f"teacher-{name}" / "best.ckpt").weights
        for name in ("plain", "further")
    )
    assert made.name == "teacher-between"
    assert made.sizes == (8, 7)
    assert "mean of the weights of teacher-further, teacher-plain" in made.heads[1].data
    floats = [key for key, value in made.weights.items() if value.is_floating_point()]
    assert any(not torch.equal(plain[key], further[key]) for key in floats)
    for key in floats:
        torch.testing.assert_close(made.weights[key], (plain[key] + further[key]) / 2)


def test_a_finished_network_of_another_recipe_takes_the_place_of_its_stages(
    recipes: Path, faces: Path, tmp_path: Path
) -> None:
    teacher = make(stages_for("teacher", recipes), RecipeWorkspace(faces, tmp_path / "a"))
    teacher.save(tmp_path / "finished" / "teacher.ckpt")
    stages = stages_for("student", recipes, finished=tmp_path / "finished")
    assert [stage.key for stage in stages][:2] == ["teacher/both-ways", "student/first"]
    made = make(stages, RecipeWorkspace(faces, tmp_path / "b"))
    assert made.weights_sha256() == weights_of(recipes, faces, tmp_path / "a")
    assert not (tmp_path / "b" / "teacher-plain").exists()


def test_a_run_of_other_settings_is_refused(recipes: Path, faces: Path, tmp_path: Path) -> None:
    stages = stages_for("teacher", recipes)
    make(stages, RecipeWorkspace(faces, tmp_path / "runs"))
    text = (recipes / "small" / "shared.toml").read_text()
    (recipes / "small" / "shared.toml").write_text(text.replace("batch = 8", "batch = 7"))
    with pytest.raises(SettingsError, match="teacher-plain was made of something else: fit"):
        make(stages_for("teacher", recipes), RecipeWorkspace(faces, tmp_path / "runs"))


@pytest.mark.parametrize("half", [False, True])
def test_a_recipe_says_whether_the_model_file_stores_half_precision(
    recipes: Path, faces: Path, tmp_path: Path, *, half: bool
) -> None:
    path = recipes / "teacher.toml"
    path.write_text(f"half_storage = {str(half).lower()}\n{path.read_text()}")
    words = ["make", "teacher", "--data", str(faces), "--recipes", str(recipes), "--quiet"]
    words += ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out"), "--epochs", "1"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    file = tmp_path / "out" / "models" / "teacher.onnx"
    weights = {one.data_type for one in onnx.load(file).graph.initializer if len(one.dims) > 1}
    assert (onnx.TensorProto.FLOAT16 in weights) == half
    card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["bytes"] == file.stat().st_size
    told = {one["data"] for one in card["metrics"] if one["measure"] == "accuracy"}
    assert {"FER+ PublicTest, majority", "FER2013 PublicTest, second head"} <= told
