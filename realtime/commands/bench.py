"""The `fer-live bench` command: parse options, measure, print."""

from pathlib import Path
from typing import Annotated

import typer

from fer_live.realtime.commands.cli_options import Finder, size_of
from fer_live.terminal.console import plain_errors


def bench(
    more: Annotated[
        list[str] | None, typer.Argument(help="Further models, as in --models A B.")
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(help="Models to compare: names or .onnx files. The first is the baseline."),
    ] = None,
    video: Annotated[
        list[Path] | None,
        typer.Option(help="Clip to measure the whole pipeline on; may be given several times."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Resize clips first, for instance to 640x480.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    finder: Finder = "auto",
    rounds: Annotated[int, typer.Option(min=1, help="How many times to run each clip.")] = 3,
    frames: Annotated[int, typer.Option(min=16, help="Use at most N frames of a clip.")] = 600,
    copies: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            help="Also measure with N copies of each frame in a grid; may be repeated, "
            "1 for none.  [default: 2, 4, 8]",
            show_default=False,
        ),
    ] = None,
    soak: Annotated[
        int | None, typer.Option(min=2001, help="Also track memory over N frames.")
    ] = None,
    live: Annotated[
        bool, typer.Option(help="Also play each clip in real time, as a camera would.")
    ] = True,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all figures as JSON.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables as Markdown.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Plot latency against accuracy.")] = None,
) -> None:
    """Measure speed: compare models, and the pipeline with the bare landmarker.

    Without a clip, one is made from the portrait in scikit-image (extra "demo").
    """
    size_wh = size_of(size)
    from fer_live.realtime.bench.one_core import use_one_core

    pinned = (
        use_one_core() is not None
    )  # before numpy is imported, which counts the cores at that moment
    from rich.console import Console

    with plain_errors("fer-live"):
        from fer_live.realtime.bench.reporting.output import publish
        from fer_live.realtime.bench.reporting.report import show
        from fer_live.realtime.bench.run import (
            DEFAULT_COPIES,
            BenchSettings,
            chosen_models,
            clips_or_portrait,
            run_bench,
        )
        from fer_live.realtime.faces import FaceSettings

        with clips_or_portrait(video or []) as clips:
            settings = BenchSettings(
                models=chosen_models([*(models or ()), *(more or ())]),
                clips=tuple(clips),
                faces=FaceSettings(finder=finder),
                device=device,  # type: ignore[arg-type]  # checked by BenchSettings
                size_wh=size_wh,
                max_frames=frames,
                rounds=rounds,
                memory_frames=soak,
                live=live,
                copies=tuple(copies or DEFAULT_COPIES),
            )
            report = run_bench(settings, pinned=pinned, tell=Console(stderr=True).print)
        show(report, Console())
        publish(report, json_file=json_file, markdown=markdown, plot=plot)
