"""Where outputs go: names of any length and kind, links, and never outside the folder."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.errors import SettingsError
from fer_live.realtime.annotate.inputs.jobs import find_jobs
from fer_live.realtime.annotate.inputs.places import places
from fer_live.realtime.annotate.one_file import ALL_SUFFIXES

LONGEST = 255
NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=255
).filter(lambda name: len(os.fsencode(name)) <= LONGEST and name not in {".", ".."})


@given(NAMES)
def test_an_ending_can_be_added_to_every_name(name: str) -> None:
    (placed,) = places({Path("/in", name): Path(name)}, Path("/out")).values()
    for suffix in ALL_SUFFIXES:
        assert len(os.fsencode(placed.name + suffix + ".part")) <= LONGEST
    assert len(os.fsencode(f".{placed.name}.unfinished")) <= LONGEST


def test_names_that_differ_in_their_last_letter_only_stay_apart() -> None:
    names = [f"{'é' * 125}{letter}.mp4" for letter in "abc"]
    placed = places({Path("/in", name): Path(name) for name in names}, Path("/out"))
    assert len(set(placed.values())) == 3


def test_a_name_of_ordinary_length_is_kept() -> None:
    name = "x" * 228 + ".mp4"
    assert places({Path("/in", name): Path(name)}, Path("/out")) == {
        Path("/in", name): Path("/out", name)
    }


def test_a_pattern_that_climbs_out_of_its_folder_stays_inside_the_output(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    for path in (tmp_path / "talk.mp4", tmp_path / "a" / "talk.mp4"):
        path.write_bytes(b"anything")
    out = tmp_path / "out"
    jobs = find_jobs([f"{tmp_path}/a/*/../../*.mp4", f"{tmp_path}/a/*/../*.mp4"], out)
    assert sorted(job.target for job in jobs) == [out / "a" / "talk.mp4", out / "talk.mp4"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_link_in_the_output_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "talk.mp4").write_bytes(b"anything")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "deep").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match=r"out/deep is a link that leads out of .*out"):
        find_jobs([tmp_path / "in"], tmp_path / "out")


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_the_output_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"anything")
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    (job,) = find_jobs([tmp_path / "talk.mp4"], tmp_path / "out")
    assert job.target == tmp_path / "out" / "talk.mp4"
