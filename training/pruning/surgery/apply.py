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
        subject: What is pruned; it stays as it is.
        measured: Of it.
        plan: What goes, and how it is made up for.
        recalibrated: Whether batch norms learn their statistics anew on the pictures that the
            subject was measured on. After a refit they do not: it has brought what they read back
            to what they know.
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
    """Return it without the refit, which takes too long where many plans are tried.

    Args:
        subject: What is pruned.
        measured: Of it.
        plan: What goes.
        seen: What batch norms learn their statistics on; None for not at all.
    """
    graph = subject.graph
    full = compensate(subject.network, graph, plan, measured)
    small = shrink(full, graph, plan.absent(graph))
    if seen is not None:
        recalibrate(small, seen)
    return small.eval()
