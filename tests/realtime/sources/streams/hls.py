"""A sender of HLS: segments that exist already, each told of when its time has come."""

import re
import socket
import time
from pathlib import Path
from typing import Final

import av

from tests.realtime.sources.streams.servers import Conversation, Server, head, hear

SEGMENT_S: Final = 1.5
WINDOW: Final = 5
"""A live playlist names so many segments."""


def write_segments(film: Path, folder: Path) -> list[bytes]:
    """Cut a film into MPEG-TS segments, without encoding it anew."""
    playlist = folder / "live.m3u8"
    options = {"hls_time": f"{SEGMENT_S - 0.1}", "hls_list_size": "0"}
    with (
        av.open(str(film)) as source,
        av.open(str(playlist), "w", format="hls", options=options) as out,
    ):
        copy = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    names = [line for line in playlist.read_text().splitlines() if line.endswith(".ts")]
    return [(folder / name).read_bytes() for name in names]


def hls_camera(segments: list[bytes], *, head_start: int = 3) -> Conversation:
    """Return a conversation that gives a live playlist and what it names.

    Args:
        segments: All that will ever be told of, each `SEGMENT_S` long.
        head_start: How many are there when the first visitor comes.
    """
    begun_s: list[float] = []

    def answer(visitor: socket.socket, server: Server) -> None:
        hear(visitor, server)
        begun_s.append(time.monotonic())
        wanted = server.requests[-1].split()[1]
        number = re.fullmatch(r"/(\d+)\.ts", wanted)
        if number:
            body, kind = segments[int(number[1])], "video/mp2t"
        else:
            there = head_start + int((time.monotonic() - begun_s[0]) / SEGMENT_S)
            last = min(there, len(segments))
            named = range(max(0, last - WINDOW), last)
            lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2"]
            lines.append(f"#EXT-X-MEDIA-SEQUENCE:{named.start}")
            for index in named:
                lines += [f"#EXTINF:{SEGMENT_S},", f"{index}.ts"]
            body, kind = "\n".join([*lines, ""]).encode(), "application/vnd.apple.mpegurl"
        visitor.sendall(head("200 OK", kind, len(body)) + body)

    return answer
