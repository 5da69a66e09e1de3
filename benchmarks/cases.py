"""Whether each file of shared/cases comes out right, and what is wrong where it does not.

    python -m benchmarks.cases ../shared/cases

The commands ffmpeg and ffprobe say what is right; the status is 1 if anything is wrong.
"""

import sys
import tempfile
from pathlib import Path

from tests.cases.checks import CASES, Case


def main(folder: Path) -> int:
    """Check every file; return 1 if any is wrong."""
    verdicts = [(case, verdict(case, folder)) for case in CASES]
    width = max(len(case.file) for case in CASES)
    for case, wrong in verdicts:
        print(f"{case.file:{width}}  {'right' if wrong is None else f'WRONG: {wrong}'}")
    right = sum(wrong is None for _, wrong in verdicts)
    print(f"{right} of {len(CASES)} right")
    return 0 if right == len(CASES) else 1


def verdict(case: Case, folder: Path) -> str | None:
    """Return what is wrong with what comes of a file; None when it is right."""
    source = folder / case.file
    if not source.exists():
        return "the file is not there"
    with tempfile.TemporaryDirectory() as out:
        try:
            case.right(source, Path(out))
        except Exception as error:  # whatever goes wrong is the verdict
            return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/cases")))
