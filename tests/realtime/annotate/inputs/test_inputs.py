"""Which files are annotated, and where the outputs go."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_live.errors import SettingsError
from fer_live.realtime.annotate.inputs.jobs import find_jobs


def made(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"anything")


def targets(inputs: list[str | Path], out: Path) -> dict[str, str]:
    return {str(job.source): str(job.target.relative_to(out)) for job in find_jobs(inputs, out)}


def test_a_file_goes_into_the_folder_under_its_full_name(tmp_path: Path) -> None:
    made(tmp_path / "a" / "talk.mp4")
    (job,) = find_jobs([tmp_path / "a" / "talk.mp4"], tmp_path / "out")
    assert job.output(".summary.json") == tmp_path / "out" / "talk.mp4.summary.json"


def test_a_folder_is_searched_to_any_depth_and_keeps_its_shape(tmp_path: Path) -> None:
    made(tmp_path / "in" / "one.mp4", tmp_path / "in" / "deep" / "down" / "two.MOV")
    assert list(targets([tmp_path / "in"], tmp_path / "out").values()) == [
        str(Path("deep/down/two.MOV")),
        "one.mp4",
    ]


def test_in_a_folder_only_videos_are_taken(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    made(folder / "talk.mp4", folder / "notes.txt", folder / "README", folder / ".hidden.mp4")
    made(folder / ".cache" / "thumb.mp4")
    (folder / "no_ending").write_bytes(b"\0\0\0\x20ftypisom")
    assert sorted(targets([folder], tmp_path / "out").values()) == ["no_ending", "talk.mp4"]


def test_what_was_written_is_not_taken_for_an_input(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    made(folder / "talk.mp4", folder / "out" / "talk.mp4.annotated.mp4", folder / "out" / "x.mp4")
    assert list(targets([folder], folder / "out").values()) == ["talk.mp4"]
    made(folder / "talk.mp4.annotated.mp4", folder / "talk.mp4.summary.json")
    assert list(targets([folder], folder).values()) == ["out/x.mp4", "talk.mp4"]


def test_a_pattern_keeps_the_path_below_its_plain_part(tmp_path: Path) -> None:
    made(tmp_path / "in" / "a" / "talk.mp4", tmp_path / "in" / "b" / "talk.mp4")
    made(tmp_path / "in" / "b" / "talk.txt")
    found = targets([str(tmp_path / "in" / "*" / "*.mp4")], tmp_path / "out")
    assert list(found.values()) == [str(Path("a/talk.mp4")), str(Path("b/talk.mp4"))]
    deep = targets([str(tmp_path / "in" / "**" / "*.mp4")], tmp_path / "out")
    assert deep == found


def test_a_file_named_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    made(tmp_path / "talk[1].mp4")
    assert list(targets([tmp_path / "talk[1].mp4"], tmp_path / "out").values()) == ["talk[1].mp4"]


def test_a_file_that_is_named_twice_is_annotated_once(tmp_path: Path) -> None:
    made(tmp_path / "in" / "talk.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "in" / "talk.mp4")
    inputs: list[str | Path] = [
        tmp_path / "in" / "talk.mp4",
        tmp_path / "in",
        str(tmp_path / "in" / "*.mp4"),
        tmp_path / "link.mp4",
    ]
    assert len(find_jobs(inputs, tmp_path / "out")) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "A", "a/b", "b/a", "c/a/b"]),
            st.sampled_from(["talk.mp4", "talk.mov", "Talk.mp4", "talk"]),
        ),
        min_size=1,
        max_size=8,
        unique=True,
    ),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_two_inputs_never_share_an_output(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[str, str]], as_folder: list[bool]
) -> None:
    root = tmp_path_factory.mktemp("x")
    paths = [root / folder / name for folder, name in places]
    made(*paths)
    inputs: list[str | Path] = [
        path.parent if folder and path.suffix else path
        for path, folder in zip(paths, as_folder, strict=False)
    ]
    jobs = find_jobs(inputs, root / "out")
    assert len({job.target for job in jobs}) == len(jobs)
    assert {path.resolve() for path in paths} <= {job.source.resolve() for job in jobs}
    assert all(job.target.name == job.source.name for job in jobs)


def test_the_order_of_the_directory_does_not_matter(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        made(tmp_path / "in" / f"{name}.mp4")
    assert [job.source.name for job in find_jobs([tmp_path / "in"], tmp_path / "out")] == [
        "a.mp4",
        "b.mp4",
        "c.mp4",
    ]


def test_a_file_that_is_not_there_fails_alone_and_later(tmp_path: Path) -> None:
    made(tmp_path / "talk.mp4")
    jobs = find_jobs([tmp_path / "talk.mp4", tmp_path / "gone.mp4"], tmp_path / "out")
    assert [job.source.name for job in jobs] == ["talk.mp4", "gone.mp4"]


@pytest.mark.parametrize("given_path", ["empty", "*.mp4"])
def test_nothing_to_annotate_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given_path: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        SettingsError, match=r"no video or picture in the folder empty|no file matches"
    ):
        find_jobs([given_path], tmp_path / "out")


def test_an_output_never_replaces_an_input(tmp_path: Path) -> None:
    made(tmp_path / "talk.mp4", tmp_path / "talk.mp4.annotated.mp4")
    inputs: list[str | Path] = [tmp_path / "talk.mp4", tmp_path / "talk.mp4.annotated.mp4"]
    with pytest.raises(SettingsError, match="would be replaced by the output for"):
        find_jobs(inputs, tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be made unreadable there")
def test_a_loop_of_links_is_not_followed(tmp_path: Path) -> None:
    made(tmp_path / "in" / "talk.mp4")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in", target_is_directory=True)
    assert len(find_jobs([tmp_path / "in"], tmp_path / "out")) == 1


def passed_over(inputs: list[str | Path], out: Path) -> list[tuple[str, str]]:
    """Return the names of what was passed over, each with the reason."""
    told: list[tuple[str, str]] = []
    find_jobs(inputs, out, pass_over=lambda path, why: told.append((path.name, why)))
    return told


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_of_two_links_to_one_file_the_second_is_passed_over_and_told(tmp_path: Path) -> None:
    made(tmp_path / "talk.mp4")
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).symlink_to(tmp_path / "talk.mp4")
    assert passed_over([folder], tmp_path / "out") == [
        ("b.mp4", f"it is the same file as {folder / 'a.mp4'}, which is annotated")
    ]


def test_a_file_that_is_named_twice_in_one_way_is_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "in" / "talk.mp4")
    monkeypatch.chdir(tmp_path)
    inputs: list[str | Path] = ["in", "in/talk.mp4", "in/../in/*.mp4", tmp_path / "in"]
    assert passed_over(inputs, tmp_path / "out") == []


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_link_to_a_folder_is_told(tmp_path: Path) -> None:
    made(tmp_path / "in" / "talk.mp4", tmp_path / "more" / "talk.mp4")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "more", target_is_directory=True)
    ((name, why),) = passed_over([tmp_path / "in"], tmp_path / "out")
    assert (name, why.split(";")[0]) == ("more", "it is a link to a folder")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    made(tmp_path / "in" / "talk.mp4")
    os.mkfifo(tmp_path / "in" / "pipe")
    assert list(targets([tmp_path / "in"], tmp_path / "out").values()) == ["talk.mp4"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_link_to_itself_fails_alone_and_later(tmp_path: Path) -> None:
    made(tmp_path / "in" / "talk.mp4")
    (tmp_path / "in" / "self.mp4").symlink_to("self.mp4")
    assert len(find_jobs([tmp_path / "in", tmp_path / "in" / "self.mp4"], tmp_path / "out")) == 2


def test_a_name_that_no_file_could_have_fails_alone_and_later(tmp_path: Path) -> None:
    assert len(find_jobs([tmp_path / ("x" * 300)], tmp_path / "out")) == 1


# fmt: off
ENDINGS = [
    "3g2", "3gp", "amv", "asf", "avi", "divx", "dv", "dav", "f4v", "flv", "264", "265", "h264",
    "hevc", "insv", "ivf", "lrv", "m1v", "m2t", "m2ts", "m4v", "mjpeg", "mk3d", "mkv", "mod", "mov",
    "mp4", "mpg", "mts", "mxf", "nut", "ogv", "qt", "rm", "tod", "tp", "trp", "ts", "vob", "webm",
    "wmv", "wtv", "y4m",
]
# fmt: on


def test_videos_of_every_ending_are_taken_from_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    made(*(folder / f"clip.{ending}" for ending in ENDINGS), folder / "CLIP.MTS")
    assert len(find_jobs([folder], tmp_path / "out")) == len(ENDINGS) + 1
    assert passed_over([folder], tmp_path / "out") == []


def test_a_video_of_an_ending_that_says_nothing_is_known_by_its_beginning(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "recording.001").write_bytes(b"\0\0\0\x20ftypisom")
    (folder / "photo.cr3").write_bytes(b"\0\0\0\x20ftypcrx ")
    (folder / "notes.doc").write_bytes(b"anything")
    assert list(targets([folder], tmp_path / "out").values()) == ["recording.001"]
    ((name, why),) = passed_over([folder], tmp_path / "out")
    assert name == "in"
    assert "1 .cr3" in why
    assert "1 .doc" in why


def test_a_folder_of_pictures_gives_a_job_for_each_picture(tmp_path: Path) -> None:
    made(tmp_path / "in" / "a.jpg", tmp_path / "in" / "b.PNG", tmp_path / "in" / "notes.txt")
    assert list(targets([tmp_path / "in"], tmp_path / "out").values()) == ["a.jpg", "b.PNG"]


def test_pictures_and_videos_of_a_folder_are_taken_alike(tmp_path: Path) -> None:
    made(tmp_path / "in" / "a.jpg", tmp_path / "in" / "z.jpg", tmp_path / "in" / "talk.mp4")
    found = list(targets([tmp_path / "in"], tmp_path / "out").values())
    assert found == ["a.jpg", "talk.mp4", "z.jpg"]
    assert passed_over([tmp_path / "in"], tmp_path / "out") == []


def test_drawn_pictures_and_contact_sheets_are_not_taken_for_inputs(tmp_path: Path) -> None:
    made(tmp_path / "a.jpg", tmp_path / "a.jpg.annotated.jpg", tmp_path / "a.jpg.summary.json")
    made(tmp_path / "contact-sheet-001.jpg", tmp_path / "run.json")
    assert list(targets([tmp_path], tmp_path).values()) == ["a.jpg"]


def test_a_drawn_picture_never_replaces_an_input(tmp_path: Path) -> None:
    made(tmp_path / "a.jpg", tmp_path / "a.jpg.annotated.jpg")
    with pytest.raises(SettingsError, match="would be replaced by the output for"):
        find_jobs([tmp_path / "a.jpg", tmp_path / "a.jpg.annotated.jpg"], tmp_path)
