"""Demo: annotate a clip that needs no download, `python -m fer_live.realtime.demo`.

`make demo` runs it in an environment of its own and prints where the results are.
"""

import argparse
import sys
from pathlib import Path

from fer_live.errors import FerLiveError
from fer_live.realtime.annotate import AnnotateSettings, Outcome, annotate
from fer_live.realtime.demo_clip import write_portrait_clip


def run_demo(out: Path, clip: Path | None = None) -> Outcome:
    """Annotate a clip into `out`; results of an earlier demo are replaced.

    Args:
        out: Folder for the results; created if it does not exist. Other files in it are kept.
        clip: A video of your own; None makes one from the portrait in scikit-image.

    Raises:
        SourceError: The clip, or the portrait, is missing.
        SinkError: The folder cannot be written to.
    """
    if clip is None:
        clip = out / "portrait.mp4"
        out.mkdir(parents=True, exist_ok=True)
        write_portrait_clip(clip)
    report = annotate([clip], out, AnnotateSettings(), overwrite=True)
    return report.outcomes[0]


def main() -> int:
    """Run the demo, print where everything is, and return the exit status."""
    parser = argparse.ArgumentParser(prog="demo", description="Annotate a clip into a folder.")
    parser.add_argument(
        "--clip", type=Path, help="a video of your own instead of the generated one"
    )
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for the results")
    options = parser.parse_args()
    try:
        outcome = run_demo(options.out, options.clip)
    except FerLiveError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    if outcome.status == "failed":
        sys.stderr.write(f"demo: {outcome.note}\n")
        return 1
    for path in outcome.files:
        sys.stdout.write(f"{path.resolve()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
