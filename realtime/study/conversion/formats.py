"""Intervals of labels as files for ELAN, BORIS and video players."""

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Final

from fer_live.realtime.study.conversion.segments import Segment, by_time
from fer_live.version import installed_version

_LONG_AGO: Final = "1970-01-01T00:00:00+00:00"
"""ELAN requires a date; always the same, so that the same results give the same bytes."""
_SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_MS: Final = 1000


def as_elan(segments: Sequence[Segment], media: str | None) -> str:
    """Return an ELAN document (EAF 3.0): a tier per face, an annotation per segment.

    Args:
        segments: By face and time.
        media: Name of the video next to it; None for none.
    """
    ET.register_namespace("xsi", _XSI)
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": f"fer-live {installed_version()}",
            "DATE": _LONG_AGO,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    if media is not None:
        place = f"./{media}"
        described = {"MEDIA_URL": place, "RELATIVE_MEDIA_URL": place, "MIME_TYPE": "video/mp4"}
        ET.SubElement(header, "MEDIA_DESCRIPTOR", described)
    _tiers(root, segments)
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        {
            "LINGUISTIC_TYPE_ID": "expression",
            "TIME_ALIGNABLE": "true",
            "GRAPHIC_REFERENCES": "false",
        },
    )
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _tiers(root: ET.Element, segments: Sequence[Segment]) -> None:
    """Add the times and a tier for each face."""
    order = ET.SubElement(root, "TIME_ORDER")
    moments = sorted({t for each in segments for t in (each.start_s, each.end_s)})
    slots = {moment: f"ts{k}" for k, moment in enumerate(moments, start=1)}
    for moment, slot in slots.items():
        value = str(round(moment * _MS))
        ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": slot, "TIME_VALUE": value})
    tiers: dict[int, ET.Element] = {}
    for number, each in enumerate(segments, start=1):
        if each.track not in tiers:
            named = {"TIER_ID": f"face {each.track}", "LINGUISTIC_TYPE_REF": "expression"}
            tiers[each.track] = ET.SubElement(root, "TIER", named)
        annotation = ET.SubElement(tiers[each.track], "ANNOTATION")
        placed = {
            "ANNOTATION_ID": f"a{number}",
            "TIME_SLOT_REF1": slots[each.start_s],
            "TIME_SLOT_REF2": slots[each.end_s],
        }
        aligned = ET.SubElement(annotation, "ALIGNABLE_ANNOTATION", placed)
        ET.SubElement(aligned, "ANNOTATION_VALUE").text = each.shown


def as_boris(segments: Sequence[Segment], media: str | None, observation: str) -> str:
    """Return a CSV in the columns of BORIS's aggregated events: a state event per segment.

    Args:
        segments: Of all faces.
        media: Name of the video; None for none.
        observation: What BORIS calls the file.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        [
            *("Observation id", "Media file", "Subject", "Behavior", "Behavior type"),
            *("Modifiers", "Start (s)", "Stop (s)", "Duration (s)"),
        ]
    )
    for each in by_time(segments):
        start_s, end_s = round(each.start_s, 3), round(each.end_s, 3)
        writer.writerow(
            [
                *(observation, media or "", f"face {each.track}", each.label, "STATE"),
                *("uncertain" if each.uncertain else "", start_s, end_s),
                round(end_s - start_s, 3),
            ]
        )
    return file.getvalue()


def as_webvtt(segments: Sequence[Segment]) -> str:
    """Return subtitles as WebVTT (W3C): a cue per segment."""
    cues = [
        f"{_clock(each.start_s, '.')} --> {_clock(each.end_s, '.')}\n{_said(each)}\n"
        for each in by_time(segments)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def as_srt(segments: Sequence[Segment]) -> str:
    """Return subtitles as SubRip: a numbered cue per segment."""
    cues = [
        f"{k}\n{_clock(each.start_s, ',')} --> {_clock(each.end_s, ',')}\n{_said(each)}\n"
        for k, each in enumerate(by_time(segments), start=1)
    ]
    return "\n".join(cues)


def _said(segment: Segment) -> str:
    return f"face {segment.track}: {segment.shown}"


def _clock(time_s: float, point: str) -> str:
    """Return hours, minutes, seconds and milliseconds.

    >>> _clock(3661.5, ",")
    '01:01:01,500'
    """
    whole, milliseconds = divmod(round(time_s * _MS), _MS)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}"
