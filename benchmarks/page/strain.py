"""What the page's server does with those who mean no good, and what that costs it.

    python -m benchmarks.page.strain --rounds 10

Foreign hosts, foreign origins, oversized and garbled messages, and 1,000 connections at once; each
has to be refused with a reason, a visitor has to be served meanwhile and afterwards, and memory,
threads and descriptors have to be at the end what they were after half of the rounds: the first
ones fill caches and the allocator's arenas.
"""

import argparse
import contextlib
import json
import random
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from benchmarks.page.process import Look
from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.serve.settings import MOST_BYTES
from tests.realtime.serve.serving import jpeg, packed, serving, talking

CONNECTIONS: Final = 1000
GARBAGE: Final = 20
GROWTH: Final = 0.05
"""Memory may be larger by this part after all rounds than after half of them."""
OVERSIZED: Final = None
"""In place of a message: a frame that is larger than the server takes."""
_BINARY: Final = 0x82
_LONG: Final = 0xFF
ELSEWHERE: Final = "https://elsewhere.example"
PATIENCE_S: Final = 20.0


def main() -> int:
    """Do it, print what was seen, and return the exit status: 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    chosen = parser.parse_args()
    with serving("--model", "tiny") as page:
        half = chosen.rounds // 2
        rounds = [one_round(page.address, number) for number in range(half)]
        first = _settled(page.process)
        rounds += [one_round(page.address, number) for number in range(half, chosen.rounds)]
        last = _settled(page.process)
    broken = _print_reasons(rounds)
    for name, before, after, most in (
        ("memory, MB", first.memory_mb, last.memory_mb, (1 + GROWTH) * first.memory_mb),
        ("threads", first.threads, last.threads, first.threads),
        ("descriptors", first.descriptors, last.descriptors, first.descriptors),
    ):
        kept = after <= most
        broken |= not kept
        sys.stdout.write(
            f"{'kept  ' if kept else 'BROKEN'} {name}: {before:.0f} after {half} rounds, "
            f"{after:.0f} after {chosen.rounds}\n"
        )
    return int(broken)


def one_round(address: str, number: int) -> dict[str, Counter[str]]:
    """Try everything once, serve a visitor after each, and return the reasons that were given."""
    chance = random.Random(number)
    reasons = {
        "another host (DNS rebinding)": _got(address, {"Host": "rebound.example"}),
        "another origin": _got(address, {"Origin": ELSEWHERE}),
        "another site's request": _got(address, {"Sec-Fetch-Site": "cross-site"}),
        "another origin's WebSocket": Counter([_handshake(address)]),
        "an oversized frame": Counter([_closed(address, OVERSIZED)]),
        "garbage": _garbage(address, chance),
        f"{CONNECTIONS} connections": crowd(address),
    }
    with talking(address, "camera") as visitor:
        visitor.send(packed(jpeg(portrait()), 1.0))
        message = json.loads(visitor.recv(timeout=PATIENCE_S))
        reasons["a visitor"] = Counter([f"{len(message['faces'])} face"])
    return reasons


def _got(address: str, headers: dict[str, str]) -> Counter[str]:
    """Ask for each of the page's paths with headers that are none of its visitor's."""
    answers = [
        httpx.get(address + path, headers=headers) for path in ("", "state", "static/app.js")
    ]
    return Counter(f"{answer.status_code} {answer.text.strip()}" for answer in answers)


def _handshake(address: str) -> str:
    """Open a WebSocket as a page from elsewhere would; return how that ended."""
    try:
        with connect(_ws(address), origin=Origin(ELSEWHERE)):
            return "LET IN"
    except InvalidStatus as refusal:
        return f"{refusal.response.status_code} at the handshake"


def _closed(address: str, message: bytes | str | None) -> str:
    """Send a message to the camera's socket; return the reason that it is closed with.

    Of an oversized frame only the head is sent (RFC 6455, section 5.2), and some of the rest: the
    server is to refuse it before it has come.
    """
    with talking(address, "camera") as socket_:
        try:
            if message is OVERSIZED:
                head = struct.pack(">BBQ4x", _BINARY, _LONG, MOST_BYTES + 1)
                socket_.socket.sendall(head + bytes(1000))
            else:
                socket_.send(message)
            while True:
                socket_.recv(timeout=PATIENCE_S)
        except ConnectionClosed as end:
            return "cut off" if end.rcvd is None else f"{end.rcvd.code} {end.rcvd.reason}"


def _garbage(address: str, chance: random.Random) -> Counter[str]:
    """Send what is no message, made by chance, each to a connection of its own."""
    makers: tuple[Callable[[], bytes | str], ...] = (
        lambda: chance.randbytes(chance.randint(0, 4000)),
        lambda: packed(chance.randbytes(chance.randint(0, 4000)), chance.random()),
        lambda: packed(jpeg(portrait())[: chance.randint(10, 4000)], 1.0),
        lambda: "".join(map(chr, chance.choices(range(32, 1000), k=100))),
        lambda: json.dumps({chance.choice(("model", "tau_s", "x")): chance.random() - 2}),
    )
    made = [makers[number % len(makers)]() for number in range(GARBAGE)]
    return Counter(_closed(address, message) for message in made)


def crowd(address: str) -> Counter[str]:
    """Connect a thousand times at once, ask for the state on each, and count the answers."""
    where = httpx.URL(address)
    seen: Counter[str] = Counter()
    with contextlib.ExitStack() as stack:
        crowd = list(_connections(stack, where.host, where.port or 80, seen))
        request = f"GET /state HTTP/1.1\r\nHost: {where.netloc.decode()}\r\n\r\n".encode()
        for one in crowd:
            with contextlib.suppress(OSError):
                one.sendall(request)
        for one in crowd:
            try:
                answer = one.recv(65536)
            except OSError as error:
                seen[type(error).__name__] += 1
            else:
                line = answer.partition(b"\r\n")[0].decode() or "closed"
                seen[line] += 1
    return seen


def _connections(
    stack: contextlib.ExitStack, host: str, port: int, seen: Counter[str]
) -> Iterator[socket.socket]:
    """Yield connections that stay open until the stack is left."""
    for _ in range(CONNECTIONS):
        try:
            one = socket.create_connection((host, port), timeout=PATIENCE_S)
        except OSError as error:
            seen[type(error).__name__] += 1
        else:
            yield stack.enter_context(one)


def _settled(process: int) -> Look:
    """Look at a process once what was closed is really closed."""
    end_s = time.monotonic() + PATIENCE_S
    look = Look.at(process)
    while time.monotonic() < end_s:
        time.sleep(1)
        before, look = look, Look.at(process)
        if (before.threads, before.descriptors) == (look.threads, look.descriptors):
            break
    return look


def _print_reasons(rounds: list[dict[str, Counter[str]]]) -> bool:
    """Print the reasons of all rounds; return whether anything was let in or said nothing."""
    broken = False
    for kind in rounds[0]:
        total = sum((one[kind] for one in rounds), Counter[str]())
        broken |= any(reason.startswith("LET IN") for reason in total)
        told = "; ".join(f"{count} x {reason}" for reason, count in total.most_common(12))
        sys.stdout.write(f"{kind}: {told}\n")
    return broken


def _ws(address: str) -> str:
    return address.replace("http", "ws", 1) + "camera"


if __name__ == "__main__":
    sys.exit(main())
