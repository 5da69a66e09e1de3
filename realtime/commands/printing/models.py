"""What `fer-live models` prints."""

from collections.abc import Sequence
from typing import Final

from fer_live.realtime.bench.shipped_models import ModelFacts
from fer_live.terminal.tables import plain_table, wide_console

COLUMNS: Final = (
    "model",
    "size",
    "accuracy",
    "parameters",
    "MACs",
    "median",
    "least",
)


def show_models(facts: Sequence[ModelFacts]) -> None:
    """Show the shipped models as a table."""
    table = plain_table(*COLUMNS, right=COLUMNS[1:])
    for model in facts:
        contract = model.contract
        table.add_row(
            f"{model.name} (default)" if model.default else model.name,
            f"{model.size_bytes / 1000:,.0f} kB",
            accuracy(model),
            f"{contract.parameters:,}",
            f"{contract.macs / 1e6:,.2f} M",
            f"{model.speed.median_us:,.0f} us",
            f"{model.speed.least_us:,.0f} us",
        )
    console = wide_console()
    console.print(table)
    console.print()
    notes: dict[str, list[str]] = {}
    for model in facts:
        notes.setdefault(f"labels: {', '.join(model.contract.labels)}", []).append(model.name)
    for model in facts:
        if model.accuracy is not None:
            metric = model.accuracy
            told = f"accuracy: on {metric.n:,} pictures, {metric.data}"
            notes.setdefault(told, []).append(model.name)
    for note, names in notes.items():
        whose = "" if len(names) == len(facts) else f" ({', '.join(names)})"
        console.print(f"{note}{whose}", markup=False)
    for speed in (model.speed for model in facts[:1]):
        told = f"{speed.calls} calls of one face on {speed.provider}"
        console.print(f"time: median and least of {told}")


def accuracy(model: ModelFacts) -> str:
    """Return a model's accuracy as text."""
    metric = model.accuracy
    return "not measured" if metric is None else f"{metric.value:.1%}"
