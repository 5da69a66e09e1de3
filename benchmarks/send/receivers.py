"""Receivers of others' making, each a process that notes what it gets and when.

    python -m benchmarks.send.receivers KIND PLACE NOTES

For each message a line goes to the file NOTES: the frame's index, the time of capture that the
message gives, and when it came, both in seconds since 1970.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

Note = Callable[[int, float], None]


def main() -> None:
    """Receive until killed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("place", help="a port, or the name of an LSL stream")
    parser.add_argument("notes", type=Path)
    chosen = parser.parse_args()
    with chosen.notes.open("a", buffering=1, encoding="utf-8") as file:
        KINDS[chosen.kind](chosen.place, _noting(file))


def _noting(file: TextIO) -> Note:
    def note(frame: int, captured_unix_s: float) -> None:
        file.write(f"{frame} {captured_unix_s:.6f} {time.time():.6f}\n")

    return note


def _note_json(text: str | bytes, note: Note) -> None:
    message = json.loads(text)
    note(message["frame"], datetime.fromisoformat(message["wall_time"]).timestamp())


def osc(port: str, note: Note) -> None:
    """python-osc's server; it is handed each message of a bundle by itself."""
    from pythonosc.dispatcher import Dispatcher  # noqa: PLC0415
    from pythonosc.osc_server import BlockingOSCUDPServer  # noqa: PLC0415

    def take(_address: str, *values: Any) -> None:
        frame, _time_s, unix_s, _faces = values
        note(frame, unix_s)

    dispatcher = Dispatcher()
    dispatcher.map("/fer-live/frame", take)
    BlockingOSCUDPServer(("127.0.0.1", int(port)), dispatcher).serve_forever()


def mqtt(port: str, note: Note) -> None:
    """Paho's client behind mosquitto, subscribed again whenever the broker is back."""
    from paho.mqtt.client import Client  # noqa: PLC0415
    from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda one, *_: one.subscribe("faces")
    client.on_message = lambda _client, _data, message: _note_json(bytes(message.payload), note)
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", int(port))
    client.loop_forever(retry_first_connection=True)


def websocket_client(port: str, note: Note) -> None:
    """The websockets library's client, at `ws-server://`."""
    from websockets.exceptions import WebSocketException  # noqa: PLC0415
    from websockets.sync.client import connect  # noqa: PLC0415

    while True:
        try:
            with connect(f"ws://127.0.0.1:{port}") as server:
                for text in server:
                    _note_json(text, note)
        except (OSError, WebSocketException):
            time.sleep(0.2)


def websocket_server(port: str, note: Note) -> None:
    """The websockets library's server, at `ws://`."""
    from websockets.sync.server import ServerConnection, serve  # noqa: PLC0415

    def take(connection: ServerConnection) -> None:
        for text in connection:
            _note_json(text, note)

    with serve(take, "127.0.0.1", int(port)) as server:
        server.serve_forever()


def lsl(name: str, note: Note) -> None:
    """Pylsl's inlet; the time is LSL's own of each sample, put on the wall's clock."""
    import pylsl  # noqa: PLC0415

    (info,) = pylsl.resolve_byprop("name", name, timeout=20)
    inlet = pylsl.StreamInlet(info)
    inlet.open_stream(timeout=20)
    while True:
        sample, moment = inlet.pull_sample(timeout=1.0)
        if sample is not None:
            note(int(sample[0]), time.time() - (pylsl.local_clock() - moment))


KINDS: Final[dict[str, Callable[[str, Note], None]]] = {
    "lsl": lsl,
    "mqtt": mqtt,
    "osc": osc,
    "ws": websocket_server,
    "ws-server": websocket_client,
}


if __name__ == "__main__":
    main()
