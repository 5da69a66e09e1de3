"""Model cards: the contract as Markdown for people and as JSON for programs without ONNX."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fer_live.contract import SECOND_NAME, Metric, ModelContract, as_fields
from fer_live.export.shipping.reports import Report, shortened
from fer_live.terminal.markdown import markdown_row, markdown_table
from fer_live.training.metrics.classification import wilson
from fer_live.training.reporting.tables import as_markdown, report_tables, shared_recall

_LIMITS: Final = """\
How people would name what a face shows in one picture; not what the person feels. It learned from
pictures gathered from the web, in which ages, skin colours and cultures are not evenly present, and
it errs most on the rare labels. In the European Union, inferring emotions at work and in schools is
forbidden (AI Act, article 5(1)(f))."""
_FIGURES: Final = ("measure", "value", "95 % interval", "data", "n", "prior")
_PROTOCOL: Final = """\
Networks are chosen on PublicTest. Temperature and the uncertain threshold are fitted on it, and
where the figures have `wild` on both together. PrivateTest is scored for the report. One crop a
picture, no averaging of views. FER+ counts a label that has more than half of the votes, single
votes left out (n = 3,153 of PrivateTest); FER2013 counts its own labels (n = 3,589). `wild` is a
second domain: photographs from elsewhere, cropped as the live path crops faces, scored among angry,
happy, sad, surprise and neutral (n = 1,862). "Without twins" leaves out pictures with a
near-identical one in Training. At the natural prior labels are as frequent as in training; at the
balanced one, which `fer-live` takes by default, as if all were equally frequent, contempt a quarter
as frequent as the others. Intervals are 95 %; changes are paired, on the
same pictures."""


def card_json(
    contract: ModelContract, *, sha256: str, size_bytes: int, reports: Sequence[Report] = ()
) -> str:
    """Return the card as JSON, keys sorted: the contract, the file's sha256 and size, reports."""
    card: dict[str, Any] = {"sha256": sha256, "bytes": size_bytes, **as_fields(contract)}
    if reports:
        card["reports"] = [shortened(report) for report in reports]
    return json.dumps(card, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def card_markdown(
    contract: ModelContract, *, sha256: str, size_bytes: int, reports: Sequence[Report] = ()
) -> str:
    """Return the card as Markdown.

    Args:
        contract: What the file says of itself.
        sha256: Of the file, in hex.
        size_bytes: Of the file.
        reports: Of `fer-train evaluate`, whose tables follow the figures.
    """
    facts = _facts(contract) | {"file": f"{size_bytes:,} bytes", "sha256": f"`{sha256}`"}
    figures = [_figure(metric) for metric in contract.metrics]
    measured = ", and from `fer-train evaluate`" if reports else ""
    lines = (
        f"# {contract.name}\n",
        f"Written by `fer-export` from what the model file says of itself{measured}.\n",
        *("| | |", "|---|---|", *map(markdown_row, facts.items())),
        "\n## Figures\n",
        markdown_table(_FIGURES, figures) if figures else "None were measured.",
        *("", _PROTOCOL),
        *(part for report in reports for part in _sections(report)),
        "\n## What it tells, and what it does not\n",
        _LIMITS,
    )
    return "\n".join(lines) + "\n"


def _sections(report: Report) -> Iterator[str]:
    """Yield what a report tells beyond the figures."""
    natural, recall = report["natural"], shared_recall(report, "balanced")
    accuracy = natural["accuracy"]
    yield f"\n## {report['data']}, n = {natural['n']:,}\n"
    told = [
        f"Accuracy {100 * accuracy['value']:.2f} % ({100 * accuracy['low']:.1f} to "
        f"{100 * accuracy['high']:.1f})",
        f"macro F1 {natural['macro_f1']['value']:.3f}, at the balanced prior "
        f"{report['balanced']['macro_f1']['value']:.3f}",
        f"calibration error {100 * natural['calibration_error']:.1f} %",
    ]
    if clean := report["clean"]:
        share = 100 * clean["accuracy"]["value"]
        told.insert(1, f"without twins {share:.2f} % (n = {clean['n']:,})")
    if recall is not None:
        told.append(f"mean recall beside contempt {100 * recall:.1f} % at the balanced prior")
    yield f"{'; '.join(told)}.\n"
    yield from (as_markdown(table) for table in report_tables(report))


def _facts(contract: ModelContract) -> dict[str, str]:
    """Return what the contract says, in words."""
    crop = contract.crop
    eyes = f"eyes at {crop.left_eye_px} and {crop.right_eye_px}, mouth at {crop.mouth_px}"
    widths = "-".join(map(str, contract.widths)) or "none"
    prior = [f"{n} {p:.3f}" for n, p in zip(contract.labels, contract.prior, strict=True)]
    return {
        "network": f"{contract.architecture}, widths {widths}",
        **({"answers for": "the mean of a face and its mirror image"} if contract.mirrored else {}),
        "parameters": f"{contract.parameters:,}",
        "multiply-adds for a face": f"{contract.macs:,}",
        "precision": contract.precision,
        "labels": ", ".join(contract.labels),
        "input": f"{crop.size_px} x {crop.size_px} px {contract.colour}, {eyes}",
        "how frequent each label was in training": ", ".join(prior),
        "temperature": f"{contract.temperature:.4g}",
        "shown as uncertain": f"below {contract.uncertain_below:.2f}",
        "learned from": contract.data,
        **_second(contract),
        "pruning": _pruning(contract),
        "licence": contract.licence,
    }


def _second(contract: ModelContract) -> dict[str, str]:
    """Say what the second head is, where there is one."""
    head = contract.second
    if head is None:
        return {}
    labels = ", ".join(head.labels)
    told = f"output `{SECOND_NAME}`, which only evaluation reads: {labels}; temperature"
    return {"second head": f"{told} {head.temperature:.4g}; learned from {head.data}"}


def _figure(metric: Metric) -> tuple[str, ...]:
    """Return one measured figure as the cells of a row."""
    shown = interval(metric)
    span = f"{100 * shown[0]:.1f} to {100 * shown[1]:.1f} %" if shown else ""
    value = f"{100 * metric.value:.2f} %" if shown else f"{metric.value:.4f}"
    return (metric.measure, value, span, metric.data, f"{metric.n:,}", metric.prior)


def interval(metric: Metric) -> tuple[float, float] | None:
    """Return the 95 % interval (Wilson's) of an accuracy; None for other measures."""
    if metric.measure != "accuracy" or metric.n < 1:
        return None
    return wilson(round(metric.value * metric.n), metric.n)


def _pruning(contract: ModelContract) -> str:
    """Say how the model was pruned."""
    if contract.pruning is None:
        return "none"
    told = "; ".join(f"{key}: {_in_words(value)}" for key, value in contract.pruning.items())
    return f"{told}; weights of the parent: `{contract.parent_sha256}`"


def _in_words(value: object) -> str:
    """Write a JSON value without brackets; a pair of numbers is a before and an after."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_in_words(each)}" for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return " to ".join(_in_words(each) for each in value)
    counts = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if counts else str(value)
