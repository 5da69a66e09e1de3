"""Why labels in the page are not those of `annotate`: is it the pictures, or how they are read?

    python -m benchmarks.page.causes CLIP --seconds 35

The pictures that the page sent are read once more by `annotate` (other pictures, same reading), the
clip's own pictures by `annotate` after being compressed once more as the page does it, and the
clip's own pictures of the same indices by the page's reading (same pictures, other reading). Each
is held against `annotate` on the clip's own pictures, as `benchmarks.page.labels` does.
"""

import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2

from benchmarks.page.camera_clip import FPS, write_camera_clip
from benchmarks.page.labels import (
    Named,
    Picture,
    annotated,
    arguments,
    distance,
    in_the_page,
    lead,
    named,
)
from fer_live.arrays import Image
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.send import Message
from fer_live.realtime.serve.analyser import Wishes, load, process
from fer_live.realtime.serve.settings import ServeSettings
from fer_live.realtime.sources import open_video

Pair = tuple[Named, Named]
MOST_KINDS: Final = 4
PAGE_QUALITY: Final = 92
"""In `realtime/serve/static/connection.js` it is 0.92."""


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        camera, video = write_camera_clip(chosen.clip, folder, chosen.seconds)
        expected = annotated(video, folder / "out", chosen.model)
        seen = in_the_page(camera, chosen.seconds, chosen.model)
        sent = [picture for picture in seen.pictures if picture.index in expected]
        again = annotated(_clip_of("sent", sent, folder), folder / "again", chosen.model)
        pressed = [Picture(n, 0.0, _jpeg(rgb)) for n, rgb in enumerate(_all(video))]
        twice = annotated(_clip_of("twice", pressed, folder), folder / "twice", chosen.model)
        live = list(_read_live(video, sent, chosen.model))
    _tell("the page", [(expected[i], said) for i, said in seen.answers if i in expected])
    _tell(
        "other pictures, same reading",
        [(expected[one.index], again[n]) for n, one in enumerate(sent) if n in again],
    )
    _tell(
        "the clip's pictures compressed once more, same reading",
        [(expected[n], twice[n]) for n in expected if n in twice],
    )
    _tell(
        "same pictures, other reading",
        [(expected[one.index], said) for one, said in zip(sent, live, strict=True) if said],
    )


def _jpeg(rgb: Image) -> bytes:
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, PAGE_QUALITY])[1].tobytes()


def _clip_of(name: str, sent: Sequence[Picture], folder: Path) -> Path:
    """Write compressed pictures as a clip, as they are."""
    stream, video = folder / f"{name}.mjpeg", folder / f"{name}.mkv"
    stream.write_bytes(b"".join(picture.jpeg for picture in sent))
    read = [
        "ffmpeg",
        "-loglevel",
        "error",
        "-framerate",
        str(FPS),
        "-f",
        "mjpeg",
        "-i",
        str(stream),
    ]
    subprocess.run([*read, "-c", "copy", str(video)], check=True)
    return video


def _read_live(video: Path, sent: Sequence[Picture], model: str) -> Iterator[Named | None]:
    """Read the clip's own pictures as the page is read, at the times at which it sent its own."""
    settings = ServeSettings(model=model)
    finder, pipeline = load(settings, Wishes.of(settings))
    try:
        own = _pictures_at(video, [picture.index for picture in sent])
        for number, (picture, rgb) in enumerate(zip(sent, own, strict=True)):
            frame = Frame(number, picture.time_s, rgb)
            result = process(pipeline, finder, frame, video.name)
            info = SourceInfo(video.name, (rgb.shape[1], rgb.shape[0]), live=True)
            faces = Message.of(info, frame, result).content["faces"]
            yield named(faces[0]) if len(faces) == 1 else None
    finally:
        finder.close()


def _pictures_at(video: Path, indices: Sequence[int]) -> Iterator[Image]:
    """Yield the pictures of a clip with these indices, beginning anew where they go back."""
    at = -1
    reading: Iterator[Image] = iter(())
    rgb: Image | None = None
    for index in indices:
        if index < at:
            at = -1
        if at < 0:
            reading = _all(video)
        while at < index:
            at, rgb = at + 1, next(reading)
        assert rgb is not None
        yield rgb


def _all(video: Path) -> Iterator[Image]:
    with open_video(video) as source:
        for frame in source:
            yield frame.rgb


def _tell(what: str, pairs: Sequence[Pair]) -> None:
    """Print how alike two readings are, and between which labels they differ."""
    differ = [(one, other) for one, other in pairs if one.best != other.best]
    apart = [distance(one.raw, other.raw) for one, other in pairs]
    kinds = Counter(f"{one.best} -> {other.best}" for one, other in differ)
    leads = [lead(one.raw) for one, _ in differ]
    sys.stdout.write(
        f"{what}: the same best label in {1 - len(differ) / len(pairs):.1%} of {len(pairs)}; "
        f"{statistics.median(apart):.4f} apart in the median, "
        f"{statistics.mean(apart):.4f} in the mean; "
    )
    told = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common(MOST_KINDS))
    ahead = f" (led by {statistics.median(leads):.2f} in the median)" if leads else ""
    sys.stdout.write(f"different: {told or 'none'}{ahead}\n")


if __name__ == "__main__":
    main()
