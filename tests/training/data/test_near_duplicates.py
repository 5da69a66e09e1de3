"""Near-identical pictures are found whatever their brightness, and only they."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_live.errors import DataError
from fer_live.training.config.experiment import DataSettings
from fer_live.training.data.inspect import inspect
from fer_live.training.data.near_duplicates import groups_of, near_duplicates_in, pairs_within
from fer_live.training.data.readers.detect import detected
from tests.support.data_sets import fer2013_table, folder_of, picture, write

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

PICTURES = np.stack([picture(seed).reshape(48, 48) for seed in range(40)])


def test_a_twin_may_be_darker_and_flatter() -> None:
    darker = (PICTURES[[3, 7]] * 0.6 + 20).astype(np.uint8)
    found = near_duplicates_in(np.concatenate((darker, PICTURES[:1])), PICTURES[1:])
    assert found.tolist() == [True, True, False]


def test_nothing_has_a_twin_among_nothing_and_flat_pictures_are_no_twins() -> None:
    flat = np.full((2, 48, 48), 7, np.uint8)
    assert not near_duplicates_in(PICTURES, PICTURES[:0]).any()
    assert not near_duplicates_in(flat, flat).any()


def test_groups_join_what_is_linked_and_leave_the_rest_alone() -> None:
    pictures = np.concatenate((PICTURES, PICTURES[[5, 9, 5]]))
    groups = sorted(
        sorted(group.tolist()) for group in groups_of(pairs_within(pictures), len(pictures))
    )
    assert groups == [[5, 40, 42], [9, 41]]


def test_groups_reach_over_the_blocks_that_are_compared_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fer_live.training.data.near_duplicates._CHUNK", 7)
    pictures = np.concatenate((PICTURES, PICTURES[:1]))
    assert [group.tolist() for group in groups_of(pairs_within(pictures), len(pictures))] == [
        [0, 40]
    ]


def test_inspect_tells_counts_sizes_people_and_twins_across_parts(tmp_path: Path) -> None:
    folder_of(
        tmp_path / "set",
        ["train/happy/S001_001_00000001.png", "train/sad/S002_001_00000001.png"],
    )
    write(tmp_path / "set/test/angry/S003_001_00000001.png", picture(0, 96, 96))  # of train/happy
    write(tmp_path / "set/test/sad/S004_001_00000001.png", picture(5))
    found = inspect(detected(tmp_path / "set"), root=tmp_path)
    assert found.counts["train"]["happy"] == found.counts["test"]["angry"] == 1
    assert found.sizes == {"48 x 48": 3, "96 x 96": 1}
    assert found.people == 4
    assert (found.groups, found.contradictory) == (1, 1)
    assert found.shared == {("train", "test"): 1}


def test_inspect_goes_on_after_a_file_that_is_no_picture(tmp_path: Path) -> None:
    folder_of(tmp_path, ["happy/1.png", "happy/2.png"])
    (tmp_path / "happy/3.png").write_bytes(b"no picture")
    (tmp_path / "happy/4.png").touch()
    found = inspect(DataSettings("folders"), root=tmp_path)
    assert found.counts["train"]["happy"] == 2
    assert [line.split(" cannot")[0][-5:] for line in found.unreadable] == ["3.png", "4.png"]


def test_inspect_reads_tables_of_pixels_too(tmp_path: Path) -> None:
    usages = ["Training", "PublicTest", "PrivateTest"]
    fer2013_table(tmp_path / "fer2013.csv", [0, 1, 2], usages)
    found = inspect(detected(tmp_path), root=tmp_path)
    assert list(found.counts) == ["train", "validation", "test"]
    assert found.sizes == {"48 x 48": 3}


def test_a_place_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none does not exist"):
        detected(tmp_path / "none")
    with pytest.raises(DataError, match=r"holds no picture"):
        detected(tmp_path)


def test_inspect_reads_a_table_of_features_that_has_no_pictures(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).random((14, 10)))
    frame.insert(0, "Label", [k % 7 + 1 for k in range(14)])
    frame.insert(0, "Name", [f"face{k}" for k in range(14)])
    frame.to_csv(tmp_path / "features.csv", index=False)
    found = inspect(DataSettings("features", "features.csv"), root=tmp_path)
    assert (found.sizes, found.groups, found.shared) == ({"10 features": 14}, 0, {})
    assert set(found.counts["train"].values()) <= {0, 2}
