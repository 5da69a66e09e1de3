"""Damage of the kinds that files suffer, each made again by its number."""

import random
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

HEADER: Final = 1024
"""Most formats say what they hold within so many bytes."""
EXTREMES: Final = (0, 1, 0x7F, 0x80, 0xFF)
Damage: TypeAlias = Callable[[bytearray, random.Random, Sequence[bytes]], None]


def mutant(seed: bytes, others: Sequence[bytes], number: int) -> bytes:
    """Return the mutant of a file with this number: the same each time.

    Args:
        seed: The whole file.
        others: Files of which pieces may be put in.
        number: Which mutant.
    """
    chance = random.Random(number)
    data = bytearray(seed)
    kinds = KINDS if b"\0" in seed else TEXT_KINDS
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        chance.choice(kinds)(data, chance, others)
    return bytes(data)


def flip_bits(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """Turn bits over, a few or many."""
    for _ in range(chance.choice((1, 4, 16, 64, 256))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut_off(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """Lose the end."""
    del data[chance.randrange(len(data) + 1) :]


def edit_header(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """Write extreme or random numbers of 1, 2, 4 or 8 bytes where the header stands."""
    for _ in range(chance.choice((1, 2, 8))):
        width = chance.choice((1, 2, 4, 8))
        at = chance.randrange(max(1, min(HEADER, len(data) - width)))
        value = chance.choice(EXTREMES)
        piece = bytes([value] * width) if chance.random() < 0.5 else chance.randbytes(width)
        data[at : at + width] = piece


def splice(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """Put a piece of another file in, over what is there or between it."""
    other = chance.choice(others)
    start = chance.randrange(max(1, len(other)))
    piece = other[start : start + chance.choice((16, 256, 4096))]
    at = chance.randrange(len(data) + 1)
    data[at : at + (len(piece) if chance.random() < 0.5 else 0)] = piece


def repeat(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """Say a part of it twice."""
    at = chance.randrange(len(data) + 1)
    data[at:at] = data[at : at + chance.choice((16, 256, 4096))]


def drop(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """Lose a part in the middle."""
    at = chance.randrange(len(data) + 1)
    del data[at : at + chance.choice((1, 16, 256, 4096))]


def blank(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """Overwrite a part with zeros, as a bad block or a sparse copy does."""
    at = chance.randrange(len(data) + 1)
    length = min(chance.choice((16, 512, 4096)), len(data) - at)
    data[at : at + length] = bytes(length)


KINDS: Final[tuple[Damage, ...]] = (flip_bits, cut_off, edit_header, splice, repeat, drop, blank)


def edit_line(data: bytearray, chance: random.Random, others: Sequence[bytes]) -> None:
    """Give a setting another value, or a value to another setting, or say or drop a line twice."""
    lines = bytes(data).split(b"\n")
    at = chance.randrange(len(lines))
    name, equals, _ = lines[at].partition(b"=")
    changed = [
        [name + equals + chance.choice(VALUES)] if equals else [lines[at]],
        [chance.choice(lines).partition(b"=")[0] + b"=" + lines[at].partition(b"=")[2]],
        [lines[at], lines[at]],
        [],
    ]
    lines[at : at + 1] = chance.choice(changed)
    data[:] = b"\n".join(lines)


VALUES: Final = (
    *(b"-1", b"0", b"1e308", b"-0.0", b"nan", b"inf", b"99999999999999999999", b"true"),
    *(b"''", b"'x'", b"'../..'", b"[]", b"[1, 'x']", b"{}", b"1979-05-27"),
)
TEXT_KINDS: Final[tuple[Damage, ...]] = (*[edit_line] * 12, *KINDS)
