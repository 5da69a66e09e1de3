"""What a pass says of each consumer: dead channels, copies, linear combinations of all others."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fer_live.training.pruning.statistics.gram import ChannelStats, GramCollector
from fer_live.training.pruning.statistics.measure import ConsumerStats, Measurement
from fer_live.training.pruning.studies.redundancy import redundancy_of, write_redundancy

pytestmark = pytest.mark.training


def measured(values: NDArray[np.float64]) -> Measurement:
    collector = GramCollector()
    collector.add(torch.from_numpy(values))
    stats: ChannelStats = collector.stats()
    consumer = ConsumerStats(stats, stats, np.zeros((len(values), 1)))
    return Measurement({"consumer": consumer}, values.shape[1], torch.empty(0))


def test_silent_maps_copies_and_opposites_are_named() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 5000))
    values = np.stack([one, other, 2 * one + 1, 3 - other, np.zeros(5000), np.full(5000, 4.0)])
    (found,) = redundancy_of(measured(values))
    assert found.dead == (4,)
    assert found.constant == (4, 5)
    centred = next(s for s in found.spreads if s.normalisation == "centred")
    assert centred.near == (1, 1)
    assert centred.opposite == (1, 1)
    pairs = {(pair.first, pair.second): pair.correlation for pair in found.telling[:2]}
    assert pairs == {(0, 2): pytest.approx(1), (1, 3): pytest.approx(-1)}


def test_a_map_that_no_other_resembles_can_be_told_by_all_of_them() -> None:
    independent = np.random.default_rng(1).normal(size=(8, 20_000))
    values = np.vstack([independent, independent.sum(axis=0)])
    (found,) = redundancy_of(measured(values))
    centred = next(s for s in found.spreads if s.normalisation == "centred")
    assert centred.smallest > 60
    assert found.told == pytest.approx(1, abs=1e-3)
    (alone,) = redundancy_of(measured(independent))
    assert alone.told == pytest.approx(0, abs=0.01)


def test_the_table_and_the_file_say_the_same(tmp_path: Path) -> None:
    found = redundancy_of(measured(np.random.default_rng(2).random((3, 100))), top=1)
    text = write_redundancy(found, tmp_path, title="three channels")
    assert text.startswith("three channels")
    told = json.loads((tmp_path / "angles.json").read_text())["consumers"][0]
    assert told["channels"] == 3
    assert [spread["normalisation"] for spread in told["spreads"]] == [
        "minmax",
        "centred",
        "shift",
        "layer",
    ]
    assert f"| 0 and {told['telling'][0]['second']} |" in text or "| 1 and 2 |" in text
