"""The HTML report of one clip: a single file that works offline."""

import base64
import json
import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np

from fer_live.errors import SinkError
from fer_live.realtime.annotate.pages.collecting import ClipFacts, Person
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.overlay.drawing.colours import colour_of
from fer_live.version import installed_version

LIBRARY: Final = ("bokeh.min.js", "bokeh-api.min.js")
MOST_POINTS: Final = 24_000
"""Of all people together; beyond, every k-th frame is shown, and the page says so."""
MOST_PEOPLE: Final = 40
_STATIC: Final = files("fer_live.realtime.annotate.pages") / "static"


def write_clip_page(path: Path, facts: ClipFacts, people: Mapping[int, Person]) -> None:
    """Write the page.

    Args:
        path: Where to.
        facts: Of the clip.
        people: What was collected, by track.

    Raises:
        SinkError: The disk refuses, or the plotting library is not installed.
    """
    data = json.dumps(_data(facts, people), separators=(",", ":"), allow_nan=False)
    page = filled(
        "clip.html",
        {
            "TITLE": facts.name,
            "STYLE": static("style.css"),
            "LIBRARY": plotting_library(),
            "DATA": data.replace("<", "\\u003c"),  # no name can end the element that it stands in
            "SCRIPT": static("clip.js"),
        },
    )
    with disk_errors(path):
        path.write_text(page, encoding="utf-8", errors="replace")


def filled(name: str, parts: Mapping[str, str]) -> str:
    """Return a page of ours with its parts in their places; `TITLE` is escaped."""
    page = static(name)
    for key, value in parts.items():
        if key == "TITLE":
            value = value.replace("&", "&amp;").replace("<", "&lt;")  # noqa: PLW2901
        page = page.replace(f"<!--{key}-->", value)
    return page


@cache
def static(name: str) -> str:
    """Return one of the files that pages are made of."""
    return (_STATIC / name).read_text(encoding="utf-8")


@cache
def plotting_library() -> str:
    """Return Bokeh's JavaScript, without importing Bokeh, which takes half a second.

    Raises:
        SinkError: It is not installed.
    """
    spec = find_spec("bokeh")
    if spec is None or not spec.submodule_search_locations:
        raise SinkError("report pages need bokeh, which is not installed: pip install bokeh")
    folder = Path(spec.submodule_search_locations[0]) / "server" / "static" / "js"
    with disk_errors(folder):
        return "\n".join((folder / name).read_text(encoding="utf-8") for name in LIBRARY)


def _data(facts: ClipFacts, people: Mapping[int, Person]) -> dict[str, Any]:
    """Return what the page's script reads."""
    longest = sorted(people, key=lambda track: -people[track].frames)[:MOST_PEOPLE]
    frames = sum(people[track].frames for track in longest)
    step = max(1, -(-frames // MOST_POINTS))
    return {
        "version": installed_version(),
        "name": facts.name,
        "video": None if facts.video is None else quote(os.fsencode(facts.video)),
        "start_s": facts.start_s,
        "labels": facts.labels,
        "colours": ["#{:02x}{:02x}{:02x}".format(*colour_of(label)) for label in facts.labels],
        "figures": facts.figures,
        "notes": facts.notes,
        "step": step,
        "hidden": len(people) - len(longest),
        "people": [_person(track, people[track], facts.labels, step) for track in sorted(longest)],
    }


def _person(track: int, person: Person, labels: tuple[str, ...], step: int) -> dict[str, Any]:
    """Return one person's series, packed, every `step`-th frame."""
    times = np.frombuffer(person.times, np.float64)[::step]
    probs = np.frombuffer(person.probabilities, "<u2").reshape(-1, len(labels))[::step]
    return {
        "track": track,
        "times": _packed(times.astype("<f4")),
        "probabilities": _packed(np.ascontiguousarray(probs.T)),
        "label": _packed(np.frombuffer(person.labels, np.uint8)[::step]),
        "uncertain": _packed(np.frombuffer(person.uncertain, np.uint8)[::step]),
        "quality": _packed(np.frombuffer(person.quality, "<u2")[::step]),
        "moments": [
            {
                "label": label,
                "time_s": round(moment.time_s, 3),
                "strength": round(moment.strength, 3),
                "picture": base64.b64encode(moment.picture).decode(),
            }
            for label, moment in person.moments.items()
            if moment.picture is not None
        ],
    }


def _packed(values: "np.ndarray[Any, Any]") -> str:
    """Return an array's bytes in base64."""
    return base64.b64encode(values.tobytes()).decode()
