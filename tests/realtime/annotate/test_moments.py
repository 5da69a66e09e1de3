"""When a file was recorded, as it says itself: in the summary and in the annotated video."""

from pathlib import Path

import av
import pytest

from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.annotate.summary import read_summary
from fer_live.realtime.sources import open_video
from tests.realtime.sources.clips import write_clip

APPLES = "com.apple.quicktime.creationdate"


def stating(path: Path, **tags: str) -> Path:
    """Write a clip whose container says these things of itself; NUT keeps them as they are."""
    plain = write_clip(path.with_name(f"plain_{path.name}"), range(0, 3000, 40))
    with av.open(str(plain)) as source, av.open(str(path), "w") as container:
        container.metadata.update(tags)
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    return path


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_the_moment_of_a_recording_stands_in_summary_and_video(
    tmp_path: Path, tiny: str, name: str
) -> None:
    film = stating(tmp_path / name, creation_time="2024-02-29T10:20:30.000000Z")
    annotate([film], tmp_path / "out", AnnotateSettings(model=tiny, start_s=1.0))
    summary = read_summary(tmp_path / "out" / f"{name}.summary.json")
    assert summary is not None
    assert summary["input"]["began_utc"] == "2024-02-29T10:20:30.000Z"
    with av.open(str(tmp_path / "out" / f"{name}.annotated.mp4")) as video:
        assert video.metadata["creation_time"].startswith("2024-02-29T10:20:31"), "one second later"


@pytest.mark.parametrize(
    ("key", "stated", "read"),
    [
        ("creation_time", "2024-06-01T12:00:00Z", "2024-06-01T12:00:00+00:00"),
        (APPLES, "2024-06-01T12:00:00", None),  # of which place's clock?
        ("creation_time", "1970-01-01T00:00:00.000000Z", None),  # of a clock that was never set
        ("creation_time", "1904-01-01T00:00:00Z", None),
        (APPLES, "yesterday", None),
    ],
)
def test_only_what_is_a_moment_is_taken_for_one(
    tmp_path: Path, key: str, stated: str, read: str | None
) -> None:
    with open_video(stating(tmp_path / "film.nut", **{key: stated})) as video:
        began = video.info.began
    assert (None if began is None else began.isoformat()) == read


def test_apples_own_moment_comes_before_that_of_the_last_edit(tmp_path: Path) -> None:
    tags = {
        "creation_time": "2024-06-05T08:00:00Z",
        APPLES: "2024-06-01T12:00:00+0200",
    }
    with open_video(stating(tmp_path / "film.nut", **tags)) as video:
        began = video.info.began
    assert began is not None
    assert began.isoformat() == "2024-06-01T10:00:00+00:00"
