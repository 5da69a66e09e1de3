"""Everything that is measured on a GPU, in one run of a few minutes: `make gpu-report`.

    python -m benchmarks.gpu_report --out docs/benchmarks

Needs no network. Without a GPU it refuses in a sentence, with status 1. `--device cpu` puts the CPU
in the GPU's place, which shows that the report works and nothing about a GPU.
"""

import argparse
import json
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from fer_live.bundle import DEFAULT_MODEL, model_names
from fer_live.errors import FerLiveError
from fer_live.realtime.bench.measures.gpu import PARITY_CROPS, require_parity
from fer_live.realtime.bench.measures.latency import Latency
from fer_live.realtime.bench.measures.machine import installed_versions, this_machine
from fer_live.realtime.bench.measures.models import time_in_turn
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.faces import FaceSettings, FinderName, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.session import Device
from fer_live.realtime.pipeline import Pipeline
from fer_live.realtime.sources import open_video
from fer_live.terminal.markdown import markdown_table

BATCHES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
RECIPE: Final = Path(__file__).parents[1] / "recipes" / "base.toml"
_OUTPUTS: Final = 15
_WARM_UP_STEPS: Final = 5
Rows = list[dict[str, Any]]


def model_rows(model: str, device: Device, batches: Sequence[int], calls: int) -> Rows:
    """Return parity with the CPU and the times of one model, a row a batch size.

    Raises:
        DeviceError: The device cannot be had, or names crops otherwise than the CPU.
    """
    cpu, tested = OnnxClassifier(model, device="cpu"), OnnxClassifier(model, device=device)
    recorded = OnnxClassifier(model, device=device, cuda_graph=True) if device == "cuda" else None
    shape = (max(PARITY_CROPS, *batches), *cpu.contract.input_shape)
    crops = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    worst = require_parity(cpu, tested, crops)
    rows = []
    for batch in batches:
        some = crops[:batch]
        ways: dict[str, Callable[[], object]] = {
            "plain": partial(tested.classify, some),
            "bound": partial(tested.bind(some).classify, some),
        }
        if recorded is not None:
            ways["graph"] = partial(recorded.bind(some).classify, some)
        times = [Latency.of(each).p50_ms for each in time_in_turn(list(ways.values()), calls)]
        row = {"model": model, "provider": tested.provider, "apart": worst, "batch": batch}
        row |= {f"{way} ms": ms for way, ms in zip(ways, times, strict=True)}
        rows.append(row | {"crops/s": 1000 * batch / min(times)})
    return rows


def pipeline_row(clip: Path, finder: FinderName, device: Device, frames: int) -> dict[str, Any]:
    """Return frames a second of decoding and the whole pipeline, opening left out."""
    classifier = OnnxClassifier(DEFAULT_MODEL, device=device)
    on: Device = device if finder == "onnx" else "cpu"  # MediaPipe runs on the CPU only
    seen = faces = 0
    with (
        open_finder(FaceSettings(finder=finder), live=False, device=on) as found,
        open_video(clip) as source,
    ):
        pipeline = Pipeline(found, classifier)
        begun = time.perf_counter()
        for frame in source:
            faces += len(pipeline.process(frame).tracks)
            seen += 1
            if seen == frames:
                break
        seconds = time.perf_counter() - begun
    row = {"finder": finder, "finder on": on, "classifier": classifier.provider}
    return row | {"frames": seen, "faces": faces, "frames/s": seen / seconds}


def training_row(device: Device, *, half: bool, steps: int, batch: int) -> dict[str, Any]:
    """Return pictures a second of forward, backward and optimiser step of the largest network."""
    import torch  # noqa: PLC0415 (heavy)

    from fer_live.training.config.experiment import FitSettings  # noqa: PLC0415
    from fer_live.training.fitting.learner import optimiser_of  # noqa: PLC0415
    from fer_live.training.networks import build  # noqa: PLC0415

    stages = tomllib.loads(RECIPE.read_text(encoding="utf-8"))["stages"]
    wanted = next(stage for stage in stages if stage["name"] == "wide")["network"]
    torch.manual_seed(0)
    network = build(wanted["architecture"], wanted["widths"], _OUTPUTS)
    network.to(device).train()
    network = network.to(memory_format=torch.channels_last)
    optimiser = optimiser_of(list(network.parameters()), FitSettings())
    pictures = torch.rand(batch, 1, 48, 48, device=device)
    labels = torch.randint(_OUTPUTS, (batch,), device=device)
    begun = 0.0
    for step in range(-_WARM_UP_STEPS, steps):
        if step == 0:
            _wait(device)
            begun = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=half):
            logits = network(pictures)
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits.float(), labels)
        torch.autograd.backward(loss)
        optimiser.step()
    _wait(device)
    seconds = time.perf_counter() - begun
    row = {"network": f"base ({wanted['architecture']})", "precision": "bf16" if half else "fp32"}
    return row | {"batch": batch, "steps": steps, "pictures/s": steps * batch / seconds}


def _wait(device: Device) -> None:
    """Wait until the device has done what it was given."""
    import torch  # noqa: PLC0415 (heavy)

    if device == "cuda":
        torch.cuda.synchronize()


def gpu_name() -> str:
    """Return the GPU's name and driver as nvidia-smi tells them."""
    asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return "unnamed GPU (nvidia-smi does not answer)"
    name, _, driver = told.splitlines()[0].partition(", ")
    return f"{name}, driver {driver}"


def to_markdown(report: dict[str, Any]) -> str:
    """Return the report as Markdown: what it was measured on, then a table a part."""
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    lines = [f"# {report['device']}", "", f"{report['processor']}; {versions}.", ""]
    for title in ("models", "pipeline", "training"):
        rows = report[title]
        head = list(rows[0])
        cells = ([_cell(row[key]) for key in head] for row in rows)
        lines += [f"## {title.capitalize()}", "", markdown_table(head, cells), ""]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all parts."""
    device: Device = options.device
    models = [row for m in model_names() for row in model_rows(m, device, BATCHES, options.calls)]
    with TemporaryDirectory() as folder:
        clip = options.clip
        if clip is None:
            clip = Path(folder) / "portrait.mp4"
            write_portrait_clip(clip)
        finders: tuple[FinderName, ...] = ("mediapipe", "onnx")
        pipeline = [pipeline_row(clip, finder, device, options.frames) for finder in finders]
    training = [
        training_row(device, half=half, steps=options.steps, batch=options.batch)
        for half in (False, True)
    ]
    machine = this_machine()
    return {
        "device": gpu_name() if device == "cuda" else "CPU in the place of a GPU",
        "processor": machine.processor,
        "versions": {**machine.versions, **installed_versions(("torch",))},
        "models": models,
        "pipeline": pipeline,
        "training": training,
    }


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    parser.add_argument("--clip", type=Path, help="a video; the portrait's when left out")
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=128, help="pictures a training step")
    options = parser.parse_args()
    try:
        OnnxClassifier(DEFAULT_MODEL, device=options.device)  # the session's own word
        report = measured(options)
    except FerLiveError as error:
        sys.exit(f"gpu-report: {error}")
    short = re.sub(r"[^a-z0-9]+", "-", report["device"].partition(",")[0].lower()).strip("-")
    path = options.out / f"gpu-{datetime.now(UTC):%Y-%m-%d}-{short}"
    options.out.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ".md").write_text(to_markdown(report), encoding="utf-8")
    path.with_name(path.name + ".json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"{path}.md")


if __name__ == "__main__":
    main()
