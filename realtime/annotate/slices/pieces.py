"""How one input is put together: in one piece, or from slices that are finished."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.analysing import SliceItem
from fer_live.realtime.annotate.slices.planning import SlicePlan, key_of, planned
from fer_live.realtime.annotate.slices.task import store_of
from fer_live.realtime.sources import NoEntryError, Source


class Pieces:
    """What an input is put together from.

    Attributes:
        count: Number of slices that hold frames; 1 for one piece.
        seen: Their results, to be read once; None for one piece.
        why_one: Why it is one piece although slices were asked for; None for no reason.
    """

    def __init__(self, settings: AnnotateSettings, opened: Opened) -> None:
        """Start with one piece."""
        self._settings, self._opened = settings, opened
        self.seen: Iterator[SliceItem] | None = None
        self.count = 1
        self.why_one: str | None = None

    def begin(
        self,
        slices: SlicePlan | Path | None,
        source: Source,
        made_of: Mapping[str, Any],
        alive: Callable[[], None],
    ) -> SlicePlan | None:
        """Return slices to process first; None if the input can be put together now.

        Args:
            slices: The finished slices, or a folder for slices; None for one piece.
            source: The input, open.
            made_of: Its fingerprint.
            alive: Called now and then; may raise to give up.
        """
        if isinstance(slices, SlicePlan):
            self._take(slices, made_of)
        if not isinstance(slices, Path):
            return None
        try:
            return planned(source, self._settings, made_of, slices, alive)
        except NoEntryError as error:
            self.why_one = str(error)
            return None

    def _take(self, plan: SlicePlan, made_of: Mapping[str, Any]) -> None:
        """Use the results of slices, if they fit together."""
        store = store_of(plan, self._settings, self._opened)
        facts = {entry.number: store.facts(entry.number) for entry in plan.entries}
        if key_of(made_of, plan.entries) != plan.key:
            self.why_one = "it was changed meanwhile"
        else:
            self.why_one = plan.why_not_whole(facts)
        if self.why_one is None:
            self.count = sum(
                found is not None and found.first is not None for found in facts.values()
            )
            self.seen = chain.from_iterable(
                store.read(number, found) for number, found in facts.items() if found is not None
            )
