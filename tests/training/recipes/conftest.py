"""A recipe in small, and made pictures for it."""

from pathlib import Path

import PIL.Image
import pytest

from fer_live.realtime.demo_clip import portrait
from tests.support.data_sets import fer2013_table, votes_table

WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")
SMALL = """
[data]
kind = "ferplus"
path = "fer2013.csv.bz2"
votes = "fer2013new.csv"
[second]
kind = "fer2013"
path = "fer2013.csv.bz2"
[network]
architecture = "cnn6"
widths = [4, 8, 8, 8, 16]
[fit]
epochs = 2
batch = 8
"""
TEACHER = (
    'extends = "small/shared.toml"\n[[stages]]\nname = "plain"\n'
    '[[stages]]\nname = "both-ways"\ndo = "mirror"\nof = "plain"\n'
)
STUDENT = """
extends = "small/shared.toml"
[[stages]]
name = "first"
teachers = ["teacher/both-ways"]
distil = { views = 1, mirror_views = true }
[[stages]]
name = "less"
do = "prune"
of = "first"
prune = { budget = 0.7, multiple = 1, least = 2, images = 16, allocation = "uniform" }
[[stages]]
name = "again"
of = "less"
teachers = ["first"]
seeds = [3, 4]
distil = { views = 1 }
[[stages]]
name = "mean"
do = "average"
of = "again"
second_domain = { data = "wild", steps = ["live 48"], among = ["happy", "neutral"] }
"""


def made_faces(folder: Path) -> Path:
    """FER2013 and FER+ in small, noise instead of faces, and a second domain of one face."""
    folder.mkdir()
    emotions = [k % 7 for k in range(42)]
    usages = ["Training"] * 28 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    fer2013_table(folder / "fer2013.csv.bz2", emotions, usages)
    votes_table(folder / "fer2013new.csv", [{WORDS[k % 8]: 10} for k in range(42)])
    for label in ("angry", "happy", "sad", "surprise", "neutral"):
        path = folder / "wild" / label / "1.png"
        path.parent.mkdir(parents=True)
        PIL.Image.fromarray(portrait()).save(path)
    return folder


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    return made_faces(tmp_path / "data")


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    """A student of a teacher: mirrored, pruned, trained again with two seeds, averaged."""
    folder = tmp_path / "recipes"
    (folder / "small").mkdir(parents=True)
    (folder / "small" / "shared.toml").write_text(SMALL)
    (folder / "teacher.toml").write_text(TEACHER)
    (folder / "student.toml").write_text(STUDENT)
    return folder
