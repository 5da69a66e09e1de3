"""A plan as text: a line for each layer and each channel."""

from collections.abc import Iterable

from fer_live.training.pruning.plan import ChannelRef, Plan, Removal


def describe(plan: Plan, *, every_channel: bool = True) -> str:
    """Return the plan as text: the widths of each layer, and every channel with its reason."""
    lines = [f"{'layer':<28} {'channels':>8} {'kept':>6} {'removed':>8}"]
    for name, (before, after) in plan.widths().items():
        if before != after:
            lines.append(f"{name:<28} {before:>8} {after:>6} {before - after:>8}")
    orphans = sum(1 for removal in plan.removals if removal.substitute is None)
    lines += [
        f"{len(plan.removals)} channels go, {orphans} of them without a substitute; "
        f"{len(plan.constants)} slots stay as constant channels; compensation: {plan.compensation}",
        f"criterion: {criterion_in_words(plan)}",
    ]
    if every_channel:
        lines += list(_lines(plan.removals))
    return "\n".join(lines)


def criterion_in_words(plan: Plan) -> str:
    """Return the criterion of the removals, such as "by damage, keep 0.5, of macs"."""
    flat = dict(plan.criterion)
    flat |= flat.pop("limits", {})
    flat.pop("widths", None)  # the table of layers says them
    told = {key: value for key, value in flat.items() if value != []}
    return ", ".join(f"{key} {_rounded(value)}" for key, value in told.items())


def _rounded(value: object) -> object:
    """Return a figure without the noise of its last digits: 0.99 for 0.9899999999999999."""
    return round(value, 6) if isinstance(value, float) else value


def _lines(removals: Iterable[Removal]) -> Iterable[str]:
    for removal in removals:
        told = [f"  {_name(removal.channel):<28} {removal.reason:<14}"]
        if removal.peer is not None:
            told.append(f"to {_name(removal.peer)}")
        if removal.angle_deg is not None:
            told.append(f"at {removal.angle_deg:.2f} degrees")
        if removal.score is not None:
            told.append(f"score {removal.score:.3g}")
        told.append(
            "no substitute"
            if removal.substitute is None
            else f"substitute {_name(removal.substitute)}"
        )
        yield ", ".join(told)


def _name(ref: ChannelRef) -> str:
    return f"{ref[0]}#{ref[1]}"
