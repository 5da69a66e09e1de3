"""The process that is watched: a live run that notes the latency of every frame."""

import json
import signal
import sys
import threading
from pathlib import Path

from fer_live.realtime.live import LiveSettings, loop, run_live
from fer_live.realtime.statistics import Tally


def main(url: str, folder: Path) -> int:
    """Watch until a signal comes; return the exit status."""
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda number, frame: stop.set())
    with (folder / "latencies.jsonl").open("w", buffering=1) as notes:

        class NotingTally(Tally):
            """Counts as always, and notes each latency."""

            def add(self, *, captured_s: float | None, labelled_s: float) -> None:
                super().add(captured_s=captured_s, labelled_s=labelled_s)
                if captured_s is not None:
                    notes.write(json.dumps([labelled_s, 1000 * (labelled_s - captured_s)]) + "\n")

        vars(loop)["Tally"] = NotingTally
        run_live(
            LiveSettings(
                source=url, window=False, record=folder / "soak.mkv", log=folder / "soak.csv"
            ),
            told_to_stop=stop.is_set,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
