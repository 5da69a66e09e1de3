"""A plan in words: a line a layer, a line a map."""

from collections.abc import Iterable

from fer_live.training.pruning.plan import MapRef, Plan, Removal


def describe(plan: Plan, *, every_map: bool = True) -> str:
    """Return the plan as text: what it takes from each layer, and every map with its reason."""
    lines = [f"{'layer':<28} {'maps':>6} {'kept':>6} {'removed':>8}"]
    for name, (before, after) in plan.widths().items():
        if before != after:
            lines.append(f"{name:<28} {before:>6} {after:>6} {before - after:>8}")
    orphans = sum(1 for removal in plan.removals if removal.heir is None)
    lines += [
        f"{len(plan.removals)} maps go, {orphans} of them without an heir; "
        f"{len(plan.constants)} slots stay as constant channels; compensation: {plan.compensation}",
        f"criterion: {criterion_in_words(plan)}",
    ]
    if every_map:
        lines += list(_lines(plan.removals))
    return "\n".join(lines)


def criterion_in_words(plan: Plan) -> str:
    """Return what chose the removals, such as "by damage, keep 0.5, of macs"."""
    flat = dict(plan.criterion)
    flat |= flat.pop("limits", {})
    flat.pop("widths", None)  # the table of layers says them
    told = {key: value for key, value in flat.items() if value != []}
    return ", ".join(f"{key} {value}" for key, value in told.items())


def _lines(removals: Iterable[Removal]) -> Iterable[str]:
    for removal in removals:
        told = [f"  {_name(removal.map):<28} {removal.reason:<14}"]
        if removal.peer is not None:
            told.append(f"to {_name(removal.peer)}")
        if removal.angle_deg is not None:
            told.append(f"at {removal.angle_deg:.2f} degrees")
        if removal.score is not None:
            told.append(f"score {removal.score:.3g}")
        told.append("no heir" if removal.heir is None else f"heir {_name(removal.heir)}")
        yield ", ".join(told)


def _name(ref: MapRef) -> str:
    return f"{ref[0]}#{ref[1]}"
