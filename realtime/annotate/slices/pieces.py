"""How one input is looked at: in one piece, or from the slices that others have looked at."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.looking import Seen
from fer_live.realtime.annotate.slices.planning import SlicePlan, key_of, planned
from fer_live.realtime.annotate.slices.task import store_of
from fer_live.realtime.sources import NoEntryError, Source


class Pieces:
    """What an input is put together from.

    Attributes:
        count: How many slices it is put together from; 1 for one piece.
        seen: What was seen in them, to be read once; None for one piece.
        why_one: Why it is one piece though slices were wanted; None where nothing is to be said.
    """

    def __init__(self, settings: AnnotateSettings, opened: Opened) -> None:
        """Begin with one piece."""
        self._settings, self._opened = settings, opened
        self.seen: Iterator[Seen] | None = None
        self.count = 1
        self.why_one: str | None = None

    def begin(
        self,
        slices: SlicePlan | Path | None,
        source: Source,
        made_of: Mapping[str, Any],
        alive: Callable[[], None],
    ) -> SlicePlan | None:
        """Return slices to look at first; None where the input can be put together now.

        Args:
            slices: Those that were looked at before, or a folder for them; None for one piece.
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
        """Take what was seen in slices, if it can be put together."""
        store = store_of(plan, self._settings, self._opened)
        facts = {entry.number: store.facts(entry.number) for entry in plan.entries}
        if key_of(made_of, plan.entries) != plan.key:
            self.why_one = "it was changed meanwhile"
        else:
            self.why_one = plan.why_not_whole(facts)
        if self.why_one is None:
            self.count = len(plan.entries)
            self.seen = chain.from_iterable(
                store.read(number, found) for number, found in facts.items() if found is not None
            )
