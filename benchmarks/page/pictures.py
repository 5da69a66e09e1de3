"""The page as it looks on a phone, a laptop and a 4K screen: the pictures of the documentation.

    python -m benchmarks.page.pictures docs/pictures

What the camera sees is a portrait in the public domain. It is watched for a while first, so that
the timeline has something to show.
"""

import argparse
import io
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image as PilImage

from benchmarks.page.browser import NAMED, chromium, visit
from benchmarks.page.camera_clip import write_camera_clip
from fer_live.realtime.demo_clip import write_portrait_clip
from tests.realtime.serve.serving import served

SIZES_WH: Final = ((390, 844), (1280, 1040), (3840, 2160))
DARK: Final = frozenset({1280})
"""Width at which the dark colours are shown."""
CLIP_S: Final = 20.0
"""Of the clip, played over and over."""
WEBP_QUALITY: Final = 70


def main() -> None:
    """Take the pictures and say where they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, served() as address:
        folder = Path(name)
        write_portrait_clip(folder / "portrait.mp4", (1280, 720))
        camera, _ = write_camera_clip(folder / "portrait.mp4", folder, CLIP_S, marked=False)
        with chromium(camera) as browser, visit(browser, address) as page:
            page.wait_for_timeout(1000 * chosen.seconds)
            for width, height in SIZES_WH:
                page.emulate_media(color_scheme="dark" if width in DARK else "light")
                page.set_viewport_size({"width": width, "height": height})
                page.wait_for_timeout(3000)
                page.wait_for_function(NAMED)
                path = chosen.out / f"page-{width}.webp"
                with PilImage.open(io.BytesIO(page.screenshot())) as picture:
                    picture.save(path, quality=WEBP_QUALITY, method=6)
                print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
