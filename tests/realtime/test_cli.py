"""What a person meets at the command line: help, refusals, exit statuses."""

import re
from pathlib import Path

import pytest

from fer_live.bundle import DEFAULT_MODEL
from tests.support.running import fer_live


def one_line(text: str) -> str:
    """Return text without the box that typer draws around errors, on one line."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


def test_without_arguments_it_says_what_can_be_done() -> None:
    done = fer_live()
    assert done.returncode == 2
    assert done.stdout == ""
    for words in ("--camera 0", "annotate talk.mp4 --out results", "doctor", "models", "--help"):
        assert f"fer-live {words}" in done.stderr


def test_help_names_every_option_and_command() -> None:
    done = fer_live("--help", changes={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    assert done.returncode == 0
    for word in (
        *("--camera", "--model", "--device", "--max-faces", "--prior", "--record", "--log"),
        *("--no-window", "--seconds", "--blendshapes", "--blur-faces", "--mirror", "--no-mirror"),
        *("annotate", "bench", "doctor", "models"),
        f"{DEFAULT_MODEL} unless given",
    ):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--bogus",), "No such option"),
        (("--camera", "0", "--seconds", "0"), "seconds"),
        (("--camera", "0", "--size", "big"), "write it like 1280x720"),
        (("--camera", "0", "--device", "tpu"), "cuda"),
        (("--camera", "0", "--max-faces", "0"), "max-faces"),
        (("--camera", "0", "--log", "a.mp4", "--record", "a.mp4"), "both the video and the table"),
        (("--device", "cpu", "models"), "write it after models"),
        (("annotate", "a.mp4"), "--out"),
        (("annotate", "a.mp4", "--out", "b", "--fps", "1/0"), "write it like 25"),
        (("annotate", "a.mp4", "--out", "b", "--start", "5", "--end", "2"), "between the start"),
        (("dance",), "No such command"),
    ],
)
def test_wrong_usage_is_told_with_status_2(words: tuple[str, ...], sentence: str) -> None:
    done = fer_live(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert sentence in one_line(done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--camera", "no_such.mp4", "--no-window"), "no_such.mp4"),
        (("--camera", "no_such.mp4"), "no display"),
        (("--camera", "0", "--no-window", "--log", "table.txt"), "table.txt"),
        (("--camera", "0", "--no-window", "--record", "video.txt"), "video.txt"),
        (("--camera", "0", "--no-window", "--log", "kept.csv"), "kept.csv exists already"),
        (("models", "--device", "cuda"), "use --device cpu"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence_with_status_1(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "kept.csv").write_text("measured,once\n")
    done = fer_live(*words, folder=tmp_path, changes={"DISPLAY": None, "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("fer-live: ")
    assert sentence in line
    assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]
    assert (tmp_path / "kept.csv").read_text() == "measured,once\n"
