"""Apply a plan: compensate, refit, shrink the layers, recalibrate batch norms."""

from torch import nn

from fer_live.training.data.network_input import Pictures
from fer_live.training.fitting.batch_norm import recalibrate
from fer_live.training.pruning.compensation.compensate import compensate
from fer_live.training.pruning.compensation.refit import FitPictures, refit
from fer_live.training.pruning.plan import Plan
from fer_live.training.pruning.statistics.measure import Measurement
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.shrink import shrink


def apply_plan(
    subject: Subject, measured: Measurement, plan: Plan, *, recalibrated: bool = True
) -> nn.Module:
    """Return the network that a plan leaves, in eval mode.

    Args:
        subject: The network to prune; it is not changed.
        measured: Its measurements.
        plan: What to remove, and how to compensate.
        recalibrated: Whether to recompute batch norm statistics on the pictures that the subject
            was measured on. Not done after a refit, which has restored the statistics of their
            inputs.
    """
    if plan.compensation != "refit" or not plan.removals:
        return apply_plan_without_refit(
            subject, measured, plan, subject.seen if recalibrated and plan.removals else None
        )
    graph = subject.graph
    full = compensate(subject.network, graph, plan, measured)
    refit(full, subject.network, graph, plan, FitPictures(subject.seen, len(subject.seen)))
    return shrink(full, graph, plan.absent(graph)).eval()


def apply_plan_without_refit(
    subject: Subject, measured: Measurement, plan: Plan, seen: Pictures | None
) -> nn.Module:
    """Return it without the refit, which takes too long if many plans are tried.

    Args:
        subject: The network to prune.
        measured: Its measurements.
        plan: What to remove.
        seen: The pictures for recomputing batch norm statistics; None to keep these.
    """
    graph = subject.graph
    full = compensate(subject.network, graph, plan, measured)
    small = shrink(full, graph, plan.absent(graph))
    if seen is not None:
        recalibrate(small, seen)
    return small.eval()
