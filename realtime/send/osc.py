"""Open Sound Control, for Max, TouchDesigner, Pure Data and the like; and VMC on top of it."""

from typing import TYPE_CHECKING, Final

from fer_live.realtime.results import Track
from fer_live.realtime.send.message import Message
from fer_live.realtime.send.udp import UdpChannel
from fer_live.realtime.sinks.blendshapes import BLENDSHAPES

if TYPE_CHECKING:
    from pythonosc.osc_bundle import OscBundle
    from pythonosc.osc_message import OscMessage

    Value = str | int | float | bool

_NEUTRAL: Final = "_neutral"
"""The only one of MediaPipe's 52 that is not an ARKit blendshape."""


class OscChannel(UdpChannel):
    """One bundle per frame: `PREFIX/frame`, then for each face `PREFIX/face/N/...`.

    | address               | arguments                                                    |
    |-----------------------|--------------------------------------------------------------|
    | `/frame`              | int frame, double time_s, double unix_s (0 for a file), int faces |
    | `/face/N/label`       | string label, float confidence, bool uncertain               |
    | `/face/N/box`         | float x0 y0 x1 y1, in pixels                                 |
    | `/face/N/LABEL`       | float probability                                            |
    | `/face/N/shape/NAME`  | float, with blendshapes                                      |

    N is the face's number.
    """

    def __init__(self, host: str, port: int, prefix: str = "/fer-live") -> None:
        super().__init__(host, port)
        self.name = f"osc://{host}:{port}{prefix}"
        self._prefix = prefix

    def send(self, message: Message) -> None:
        """Send one frame's bundle."""
        result = message.result
        unix_s = message.captured_unix_s or 0.0
        head = (result.frame_index, result.time_s, unix_s, len(result.tracks))
        parts = [osc_message(f"{self._prefix}/frame", *head, types="iddi")]
        for track in result.tracks:
            parts += self._face(track)
        self._send(parts)

    def _face(self, track: Track) -> list["OscMessage"]:
        """Return the messages about one face."""
        where = f"{self._prefix}/face/{track.track_id}"
        label = (track.label, float(track.confidence), bool(track.uncertain))
        found = [
            osc_message(f"{where}/label", *label),
            osc_message(f"{where}/box", *map(float, track.face.box)),
        ]
        found += [osc_message(f"{where}/{name}", p) for name, p in track.probabilities.items()]
        if track.face.blendshapes is not None:
            values = track.face.blendshapes.tolist()
            named = zip(BLENDSHAPES, values, strict=True)
            found += [osc_message(f"{where}/shape/{name}", value) for name, value in named]
        return found

    def _send(self, parts: list["OscMessage"]) -> None:
        """Send messages together."""
        self._deliver(osc_bundle(parts).dgram)


class VmcChannel(OscChannel):
    """Virtual Motion Capture protocol 2.x: the blendshapes of the face visible longest.

    Names are ARKit's, starting with a capital, as programs with "Perfect Sync" expect; the eight
    labels are sent as well, under their own names. Without blendshapes only labels are sent. Bones
    are not sent. https://protocol.vmc.info
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.name = f"vmc://{host}:{port}"

    def send(self, message: Message) -> None:
        """Send the face's values and apply them; likewise if there is no face."""
        tracks = message.result.tracks
        face = min(tracks, key=lambda track: track.track_id, default=None)
        parts = [
            osc_message("/VMC/Ext/OK", int(face is not None)),
            osc_message("/VMC/Ext/T", float(message.result.time_s)),
        ]
        if face is not None:
            parts += [
                osc_message("/VMC/Ext/Blend/Val", name, value) for name, value in _blendshapes(face)
            ]
            parts.append(osc_message("/VMC/Ext/Blend/Apply"))
        self._send(parts)


def _blendshapes(track: Track) -> list[tuple[str, float]]:
    """Return each value of a face under its name in VMC."""
    values = list(track.probabilities.items())
    if track.face.blendshapes is not None:
        named = zip(BLENDSHAPES, track.face.blendshapes.tolist(), strict=True)
        values += [(name[0].upper() + name[1:], v) for name, v in named if name != _NEUTRAL]
    return values


def osc_message(address: str, *values: "Value", types: str = "") -> "OscMessage":
    """Return one OSC message.

    Args:
        address: The OSC address.
        values: The arguments.
        types: OSC's type tag for each; empty for the usual ones (floats in 32 bits).
    """
    from pythonosc.osc_message_builder import OscMessageBuilder  # noqa: PLC0415 (an extra)

    builder = OscMessageBuilder(address)
    for number, value in enumerate(values):
        builder.add_arg(value, types[number] if types else None)
    return builder.build()


def osc_bundle(parts: list["OscMessage"]) -> "OscBundle":
    """Return messages as a bundle to be processed immediately."""
    from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder  # noqa: PLC0415

    builder = OscBundleBuilder(IMMEDIATELY)
    for part in parts:
        builder.add_content(part)
    return builder.build()
