"""Every configuration file runs, on small sets in the layouts that it names."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from _pytest.mark import ParameterSet

from fer_live.errors import FerLiveError, SettingsError
from fer_live.labels import LABELS
from fer_live.training.config.experiment import (
    DataSettings,
    Experiment,
    read_experiment,
    read_experiments,
)
from fer_live.training.fitting.fit import Running, fit
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.networks import architecture, build
from tests.support.data_sets import fer2013_table, folder_of, votes_table

pytestmark = [
    pytest.mark.training,
    # The stand-ins are smaller than a batch of the real sets.
    pytest.mark.filterwarnings("ignore:The number of training batches"),
]

FILES = sorted((Path(__file__).parents[3] / "experiments").glob("*.toml"))
EXPERIMENTS = [one for path in FILES for one in read_experiments(path)]
WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")
FINDERS = ("mtcnn", "face", "mouth", "landmarks", "live")
SFEW_WORDS = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")


def _marked(experiment: Experiment) -> ParameterSet:
    """Name an experiment's test; one FaceNet is enough where time is short."""
    name = experiment.name
    again = name.startswith("facenet") and name != "facenet-sfew-1"
    return pytest.param(experiment, id=name, marks=[pytest.mark.long] if again else [])


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every set that the files name, in its own layout: noise instead of faces."""
    root = tmp_path_factory.mktemp("sets")
    emotions = [k % 7 for k in range(42)]
    usages = ["Training"] * 28 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    fer2013_table(root / "fer2013.csv.bz2", emotions, usages)
    votes_table(root / "fer2013new.csv", [{WORDS[k % 8]: 10} for k in range(42)])
    folder_of(root / "sfew", [f"{word}/{k}.png" for word in SFEW_WORDS for k in range(8)])
    own = ["joyful", "bored", "anger", "fear", "sad"]
    folder_of(root / "my-pictures", [f"{word}/{k}.png" for word in own for k in range(10)])
    names = [f"person{k}.png" for k in range(96)]
    folder_of(root / "lfw", names)
    labels = [LABELS[k % 8] for k in range(96)]
    pd.DataFrame({"name": names, "label": labels}).to_csv(root / "lfw" / "labels.csv", index=False)
    features = np.random.default_rng(0).random((42, 10))
    table = pd.DataFrame(features, columns=[f"PC{k}" for k in range(10)])
    table.insert(0, "Label", [k % 7 + 1 for k in range(42)])
    table.insert(0, "Name", [f"face{k}" for k in range(42)])
    table.to_excel(root / "sfew-features.xlsx", index=False)
    return root


def shortened(experiment: Experiment) -> Experiment:
    """The same but for its length; noise has no faces to find, so it is resized instead."""

    def resized(steps: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            f"resize {word.split()[1]}x{word.split()[1]}" if word.split()[0] in FINDERS else word
            for word in steps
        )

    def without_faces(data: DataSettings) -> DataSettings:
        return dataclasses.replace(data, steps=resized(data.steps), also=resized(data.also))

    second = experiment.second
    return dataclasses.replace(
        experiment,
        data=without_faces(experiment.data),
        second=None if second is None else without_faces(second),
        fit=dataclasses.replace(experiment.fit, epochs=1, batch=8),
    )


def with_weights(experiment: Experiment, root: Path) -> None:
    """Put somebody else's weights where the file looks for them."""
    wanted = experiment.network
    path = root / wanted.weights
    if wanted.weights and not path.exists():
        path.parent.mkdir(exist_ok=True)
        network = build(wanted.architecture, wanted.widths, classes=10)
        torch.save(getattr(network, "trunk", network).state_dict(), path)


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("experiment", [_marked(one) for one in EXPERIMENTS])
def test_every_file_runs_from_end_to_end(
    experiment: Experiment, sets: Path, tmp_path: Path
) -> None:
    with_weights(experiment, sets)
    quiet = Running(max_steps=2, progress=False)
    fitted = fit(shortened(experiment), data=sets, runs=tmp_path, running=quiet)
    again = Checkpoint.load(fitted.folder / "best.ckpt")
    known = architecture(again.architecture)
    shape = (known.channels, *known.size_hw) if len(known.size_hw) > 1 else known.size_hw
    with torch.inference_mode():
        logits = again.network()(torch.rand(1, *shape))
    assert logits.shape == (1, sum(again.sizes))
    assert bool(logits.isfinite().all())


def test_there_is_a_file_for_every_network_that_classifies() -> None:
    used = {one.network.architecture for one in EXPERIMENTS}
    assert used >= {"cnn6", "lenet", "lenet-90x72", "rath1", "rath2", "rath1-150", "rath2-150"}
    assert used >= {"cnn1", "cnn2", "cnn3", "cnn4", "googlenet", "mini-xception"}
    assert used >= {"facenet", "resnet18", "squeezenet", "small-cnn", "mlp"}


BROKEN: list[tuple[Callable[[str], str], str]] = [
    (lambda text: text.replace("epochs", "epoch"), r"x\.toml: fit: there is no key 'epoch'"),
    (lambda text: text.replace('"cnn6"', '"cnn7"'), "no architecture 'cnn7'"),
    (lambda text: text.replace("fer2013.csv.bz2", "gone.csv"), r"gone\.csv cannot be read"),
    (lambda text: text.replace("[augment]", 'labels = ["glee"]\n[augment]'), "'glee'|labels"),
    (lambda text: text.replace('"sgd"', '"lion"'), r"x\.toml: fit: optimiser is 'lion'; allowed"),
    (lambda text: text.replace("epochs = 30", "epochs = 0"), "epochs must be positive"),
    (lambda text: text + "\n[", r"x\.toml is not TOML"),
]


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(("breaking", "said"), BROKEN)
def test_what_is_wrong_is_one_sentence(
    breaking: Callable[[str], str], said: str, sets: Path, tmp_path: Path
) -> None:
    text = breaking((FILES[0].parent / "cnn6-fer2013.toml").read_text(encoding="utf-8"))
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FerLiveError, match=said) as caught:
        fit(read_experiment(path), data=sets, runs=tmp_path)
    assert "\n" not in str(caught.value)


def test_an_empty_class_is_named(own_cache: Path, tmp_path: Path) -> None:
    usages = ["Training"] * 6 + ["PublicTest"] * 6
    fer2013_table(tmp_path / "fer2013.csv.bz2", [0, 1, 2, 3, 4, 5] * 2, usages)
    experiment = read_experiment(FILES[0].parent / "cnn6-fer2013.toml")
    with pytest.raises(FerLiveError, match="no training picture shows neutral"):
        fit(experiment, data=tmp_path, runs=tmp_path)


VARIANTS = """
[data]
kind = "fer2013"
[network]
architecture = "cnn6"
[fit]
epochs = 5
[variants.short]
fit = { epochs = 2 }
[variants.long.fit]
learning_rate = 0.5
"""


def test_a_grid_is_one_file_and_a_run_a_variant(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(VARIANTS)
    short, long = read_experiments(path)
    assert [(one.name, one.fit.epochs) for one in (short, long)] == [("short", 2), ("long", 5)]
    assert long.fit.learning_rate == 0.5
    assert read_experiments(path, ["long"]) == (long,)
    with pytest.raises(SettingsError, match=r"holds short, long; name one with --variant"):
        read_experiment(path)
    with pytest.raises(SettingsError, match=r"no variant 'tall'; it holds short, long"):
        read_experiments(path, ["tall"])
    path.write_text(VARIANTS.replace("[variants.short]", "[variants]\nx = 1\n[variants.short]"))
    with pytest.raises(SettingsError, match="one table each"):
        read_experiments(path)


def test_no_two_runs_have_one_name() -> None:
    names = [one.name for one in EXPERIMENTS]
    assert len(set(names)) == len(names)
