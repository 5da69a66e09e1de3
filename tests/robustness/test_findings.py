"""What kills and damaged files once brought to light, each as its kind."""

import hashlib
from pathlib import Path

from fer_live.realtime.results import FrameResult, StageTimes
from fer_live.realtime.sinks.video import VideoWriter
from fer_live.realtime.sources import open_video
from tests.support.shared_data import shared_file

NOTHING = StageTimes(0.0, 0.0, 0.0, 0.0, 0.0)
TIMES = 60
"""Before it was mended, one in about ten was different."""


def test_the_same_pictures_are_encoded_to_the_same_bytes(tmp_path: Path) -> None:
    """x264's look-ahead gave other bytes now and then, and so summaries that differed."""
    with open_video(shared_file("video/edge/two_happyL_angryR.mp4"), end_s=0.5) as video:
        frames, info = list(video), video.info
    found = set()
    for number in range(TIMES):
        path = tmp_path / f"{number}.mp4"
        with VideoWriter(path, info) as writer:
            for frame in frames:
                writer.write(frame, FrameResult(frame.index, frame.time_s, (), NOTHING))
        found.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(found) == 1
