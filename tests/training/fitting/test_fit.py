"""What a training does besides going down: stopping early, refusing nonsense, heads, teachers."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from fer_live.errors import DataError, ModelError, SettingsError
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.config.experiment import DataSettings, Experiment, read_experiment
from fer_live.training.data.batches import Batches
from fer_live.training.fitting.callbacks import StepClock
from fer_live.training.fitting.fit import Fitted, Running, fit
from fer_live.training.fitting.prepare import prepare
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.networks import build
from fer_live.training.networks.initial_weights import load_weights
from tests.support.data_sets import fer2013_table, votes_table

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

FILES = Path(__file__).parents[3] / "experiments"
WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    usages = ["Training"] * 40 + ["PublicTest"] * 16
    fer2013_table(tmp_path / "fer2013.csv.bz2", [k % 7 for k in range(56)], usages)
    votes_table(tmp_path / "fer2013new.csv", [{WORDS[k % 8]: 10} for k in range(56)])
    return tmp_path


def small(name: str, **fitting: Any) -> Experiment:
    """An experiment with a network of few channels and one epoch."""
    whole = read_experiment(FILES / f"{name}.toml")
    network = dataclasses.replace(whole.network, architecture="cnn6", widths=(4, 4, 4, 4, 4))
    changed = {"epochs": 1, "batch": 8, "average": 0.0, **fitting}
    return dataclasses.replace(
        whole, network=network, fit=dataclasses.replace(whole.fit, **changed)
    )


def trained(experiment: Experiment, faces: Path) -> Fitted:
    return fit(experiment, data=faces, runs=faces / "runs", running=Running(progress=False))


def test_two_heads_are_one_checkpoint(faces: Path) -> None:
    second = DataSettings("fer2013", "fer2013.csv.bz2")
    two = dataclasses.replace(small("cnn6-ferplus"), second=second)
    both = Checkpoint.load(trained(two, faces).folder / "best.ckpt")
    assert both.sizes == (8, 7)
    assert [sum(head.prior) for head in both.heads] == [pytest.approx(1)] * 2
    with torch.inference_mode():
        assert both.network()(torch.rand(2, 1, 48, 48)).shape == (2, 15)


def test_products_in_bfloat16_learn_the_same_to_their_precision(faces: Path) -> None:
    slowly = {"learning_rate": 1e-4, "schedule": "constant"}
    exact = trained(small("cnn6-fer2013", **slowly), faces).checkpoint.weights
    whole = small("cnn6-fer2013", precision="bf16", **slowly)
    rounded = trained(dataclasses.replace(whole, name="rounded"), faces).checkpoint.weights
    key = "features.0.conv.weight"
    assert rounded[key].dtype is torch.float32
    assert not torch.equal(rounded[key], exact[key])
    torch.testing.assert_close(rounded[key], exact[key], atol=1e-3, rtol=0)


def test_views_are_degraded_after_the_teachers_have_answered(faces: Path) -> None:
    teacher = trained(small("cnn6-fer2013"), faces).folder.name
    plain = small("cnn6-fer2013")
    taught = dataclasses.replace(plain.distil, teachers=(f"{teacher}/best.ckpt",), views=2)
    plain = dataclasses.replace(plain, name="plain", distil=taught)
    noisy = dataclasses.replace(plain, name="noisy", degrade=AugmentSettings(noise=0.5))
    one, other = (trained(each, faces).checkpoint.weights for each in (plain, noisy))
    assert any(not torch.equal(one[key], other[key]) for key in one)
    assert len(list((faces / "runs" / "views").iterdir())) == 1, "the same views and answers"


@pytest.mark.usefixtures("own_cache")
def test_a_second_framing_that_finds_no_face_at_all_is_refused(faces: Path) -> None:
    whole = small("cnn6-fer2013")
    both = dataclasses.replace(whole, data=dataclasses.replace(whole.data, also=("landmarks 48",)))
    with pytest.raises(DataError, match=r"finds no face in any of \d+ pictures; leave it out"):
        prepare(both, faces, faces)


def test_a_second_framing_is_shown_to_some_pictures_each_epoch_anew(faces: Path) -> None:
    whole = small("cnn6-fer2013")
    both = dataclasses.replace(whole, data=dataclasses.replace(whole.data, also=("centre 40",)))
    with pytest.raises(DataError, match=r"data\.also \['centre 40'\] gives pictures of shape"):
        prepare(both, faces, faces)
    both = dataclasses.replace(
        whole, data=dataclasses.replace(whole.data, also=("centre 24", "centre 48"))
    )
    lessons = prepare(both, faces, faces).train
    assert lessons.reframed is not None
    assert not lessons.reframed[:, :12].any(), "24 pixels in the middle of black ones"
    batches = Batches(lessons, 40, seed=3)
    shown = []
    for batches.epoch in (0, 1, 0):
        ((pictures, _, rows),) = batches
        second = (pictures[:, 0, :12] == 0).all(dim=(1, 2))
        shown.append(second[rows.argsort()])
    assert 8 < int(shown[0].sum()) < 32
    assert torch.equal(shown[0], shown[2])
    assert not torch.equal(shown[0], shown[1])


def test_a_run_that_gets_no_better_is_stopped(faces: Path) -> None:
    waiting = small("cnn6-fer2013", epochs=9, patience=2, learning_rate=0.0, select="macro_f1")
    folder = trained(waiting, faces).folder
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) < 9


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(faces: Path) -> None:
    wild = small("cnn6-fer2013", learning_rate=1e30, schedule="constant", optimiser="sgd", epochs=3)
    with pytest.raises(DataError, match=r"the loss of epoch \d is (nan|inf); a smaller"):
        trained(wild, faces)


@pytest.mark.parametrize("balance", ["class-weights", "sampling", "balanced-softmax"])
def test_every_way_of_balancing_trains_and_tells_its_prior(balance: str, faces: Path) -> None:
    prior = trained(small("cnn6-fer2013", balance=balance), faces).checkpoint.heads[0].prior
    assert prior == pytest.approx((1 / 7,) * 7, abs=1e-5)


def test_a_teacher_changes_what_is_learned(faces: Path) -> None:
    plain = trained(small("cnn6-fer2013"), faces)
    taught = dataclasses.replace(
        small("cnn6-fer2013"),
        name="student",
        distil=dataclasses.replace(
            small("cnn6-fer2013").distil, teachers=("cnn6-fer2013/best.ckpt",), share=0.5
        ),
    )
    student = trained(taught, faces)
    assert student.checkpoint.weights_sha256() != plain.checkpoint.weights_sha256()


def test_only_the_last_layers_move_when_only_they_are_trained(faces: Path) -> None:
    whole = small("cnn6-fer2013")
    frozen = dataclasses.replace(whole, network=dataclasses.replace(whole.network, train_last=3))
    torch.manual_seed(frozen.fit.seed)
    before = build("cnn6", frozen.network.widths, 7).state_dict()
    after = trained(frozen, faces).checkpoint.weights
    moved = {key for key, value in after.items() if not torch.equal(value, before[key])}
    assert "last.weight" in moved
    assert not any(key.startswith("features.") for key in moved), "their statistics stay too"


def test_dead_units_stay_dead(faces: Path) -> None:
    whole = small("cnn6-fer2013", epochs=2)
    dead = dataclasses.replace(whole, network=dataclasses.replace(whole.network, dead_units=0.5))
    weights = trained(dead, faces).checkpoint.weights
    held = weights["features.0.conv.weight"].flatten(1).abs().sum(dim=1)
    assert (held[:2] == 0).all()
    assert (held[2:] > 0).all()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(build("lenet", classes=7).state_dict(), tmp_path / "lenet.pth")
    with pytest.raises(ModelError, match="does not hold weights of this network"):
        load_weights(build("cnn6", classes=7), tmp_path / "lenet.pth")
    with pytest.raises(ModelError, match="nothing is downloaded"):
        load_weights(build("cnn6", classes=7), tmp_path / "gone.pth")


def test_a_block_that_begins_as_the_identity_may_be_new_but_not_half_of_it(tmp_path: Path) -> None:
    shallow, deep = build("compact-base", classes=8).eval(), build("compact-fine", classes=8).eval()
    torch.save({"weights": shallow.state_dict()}, tmp_path / "shallow.ckpt")
    new = load_weights(deep, tmp_path / "shallow.ckpt")
    assert {key.rpartition(".")[0] for key in new} == {
        f"stem.4.{layer}" for layer in ("conv1", "norm1", "conv2", "norm2")
    }
    pictures = torch.rand(2, 1, 48, 48)
    torch.testing.assert_close(deep(pictures), shallow(pictures), rtol=0, atol=0)
    half = {key: value for key, value in deep.state_dict().items() if key != "stem.4.conv2.weight"}
    torch.save({"weights": half}, tmp_path / "half.ckpt")
    with pytest.raises(ModelError, match=r"1 of its tensors .* stem\.4\.conv2\.weight"):
        load_weights(build("compact-fine", classes=8), tmp_path / "half.ckpt")


def test_weights_begin_where_they_fit_and_only_the_last_layer_is_new(tmp_path: Path) -> None:
    other = build("resnet18", classes=1000)
    torch.save(other.get_submodule("trunk").state_dict(), tmp_path / "resnet.pth")
    network = build("resnet18", classes=7)
    assert load_weights(network, tmp_path / "resnet.pth") == ("fc.weight", "fc.bias")
    for key, value in network.state_dict().items():
        if ".fc." not in key:
            torch.testing.assert_close(value, other.state_dict()[key])


def test_the_clock_of_a_run_that_never_began_says_so() -> None:
    assert StepClock().summary().startswith("0.0% of 0.0 s")


def test_widths_that_do_not_suit_are_refused_before_data_are_read(tmp_path: Path) -> None:
    right = small("cnn6-ferplus")
    network = dataclasses.replace(right.network, architecture="separable-small", widths=(24, 48))
    wrong = dataclasses.replace(right, network=network)
    with pytest.raises(SettingsError, match=r"separable-small has 9 widths.*got \(24, 48\)"):
        fit(wrong, data=tmp_path / "nowhere", runs=tmp_path)
