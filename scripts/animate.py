"""An animated picture of faces being named, as in the README.

python scripts/animate.py docs/pictures/live.webp            # the demo's clip
python scripts/animate.py out.webp --clip talk.mp4 --seconds 8
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import fer_live
from fer_live.realtime.demo_clip import write_portrait_clip

RATE_HZ = 8


def main() -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="an animated .webp or .gif")
    parser.add_argument("--clip", type=Path, help="a video of yours")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--width", type=int, default=440)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        clip = options.clip or Path(folder) / "demo.mp4"
        if options.clip is None:
            write_portrait_clip(clip)
        pictures = drawn(clip, options.seconds, options.width)
    first, *others = pictures
    pause_ms = round(1000 / RATE_HZ)
    first.save(
        options.out, save_all=True, append_images=others, duration=pause_ms, loop=0, quality=50
    )
    print(f"{options.out}: {len(pictures)} pictures, {options.out.stat().st_size / 1024:.0f} KiB")


def drawn(clip: Path, seconds: float, width: int) -> list[Image.Image]:
    """Return what the window would show, `RATE_HZ` pictures a second."""
    pictures: list[Image.Image] = []
    for frame, result in fer_live.analyze(clip, frames=True):
        if frame.time_s >= seconds:
            break
        if frame.time_s * RATE_HZ >= len(pictures):
            picture = Image.fromarray(fer_live.draw(frame.rgb, result))
            height = round(width * picture.height / picture.width)
            pictures.append(picture.resize((width, height), Image.Resampling.LANCZOS))
    return pictures


if __name__ == "__main__":
    main()
