"""A student learns what its teachers say."""

import pytest
import torch
from torch.nn import functional as nnf

from fer_live.errors import ModelError
from fer_live.labels import LABELS
from fer_live.training.distillation.teachers import Teachers
from fer_live.training.models.checkpoint import Checkpoint, Head
from fer_live.training.networks import build

pytestmark = pytest.mark.training
SEVEN = LABELS[:7]
WIDTHS = (4, 4, 4, 4, 4)


def teacher(seed: int, labels: tuple[str, ...] = SEVEN) -> Checkpoint:
    torch.manual_seed(seed)
    weights = build("cnn6", WIDTHS, len(labels)).state_dict()
    head = Head(labels, (1 / len(labels),) * len(labels), "noise")
    return Checkpoint(f"teacher{seed}", "cnn6", WIDTHS, (head,), weights)


def test_each_teacher_teaches_the_head_with_its_labels() -> None:
    batch = torch.rand(4, 1, 48, 48)
    one = teacher(1)
    teachers = Teachers([one], [LABELS, SEVEN], temperature=2)
    right = one.network()(batch).detach()
    votes = torch.randn(4, 8)
    assert float(teachers.loss(batch, (votes, right))) == pytest.approx(0, abs=1e-5)
    other = torch.randn(4, 7)
    wanted = nnf.kl_div((other / 2).log_softmax(1), (right / 2).softmax(1), reduction="batchmean")
    assert float(teachers.loss(batch, (votes, other))) == pytest.approx(4 * float(wanted), rel=1e-4)


def test_a_teacher_with_two_heads_teaches_both_and_others_pass_over_one() -> None:
    torch.manual_seed(0)
    heads = tuple(Head(of, (1 / len(of),) * len(of), "noise") for of in (LABELS, SEVEN))
    both = Checkpoint("both", "cnn6", WIDTHS, heads, build("cnn6", WIDTHS, 15).state_dict())
    batch = torch.rand(4, 1, 48, 48)
    with torch.no_grad():
        votes, seven = both.network()(batch).split([8, 7], dim=1)
    told = Teachers([both], [SEVEN, LABELS], 2).answers(batch)
    for said, due in zip(told, (seven, votes), strict=True):
        assert said is not None
        torch.testing.assert_close(said, (due / 2).softmax(dim=1))
    alone, nobody = Teachers([both], [SEVEN, ("happy", "sad")], 2).answers(batch)
    assert nobody is None
    assert alone is not None
    torch.testing.assert_close(alone, (seven / 2).softmax(dim=1))


def test_a_teacher_of_other_labels_is_refused() -> None:
    with pytest.raises(ModelError, match="teaches angry, disgust: no head learns these"):
        Teachers([teacher(1, ("angry", "disgust"))], [SEVEN], temperature=1)
