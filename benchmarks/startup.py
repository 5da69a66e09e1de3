"""How long `fer-live --help` takes beside the smallest typer application, in turns.

    python -m benchmarks.startup --runs 20

Both are started in a fresh Python; what is printed is thrown away. The first turn is not counted.
"""

import argparse
import statistics
import subprocess
import sys
import time

BARE = """
import typer
app = typer.Typer()
@app.command()
def main(name: str = "you") -> None:
    "Say hello."
app(prog_name="bare")
"""
FER_LIVE = "from fer_live.realtime.cli import app; app(prog_name='fer-live')"


def seconds(code: str) -> float:
    """Return how long a fresh Python takes to run `code` with --help."""
    start_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    turns = [(seconds(BARE), seconds(FER_LIVE)) for _ in range(runs + 1)][1:]
    bare_s, ours_s = (statistics.median(column) for column in zip(*turns, strict=True))
    best = min(ours for _, ours in turns) / min(bare for bare, _ in turns)
    print(
        f"bare typer {bare_s * 1000:.0f} ms, fer-live --help {ours_s * 1000:.0f} ms "
        f"(medians of {runs}): {ours_s / bare_s:.2f} times; best against best {best:.2f} times"
    )


if __name__ == "__main__":
    main()
