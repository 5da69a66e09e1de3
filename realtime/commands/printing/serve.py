"""What `fer-live serve` prints."""

import signal

from rich.console import Console

from fer_live.terminal.console import INTERRUPTED, printable


def tell_address(address: str, *, beyond_loopback: bool) -> None:
    """Print the address of the page.

    Args:
        address: Including the token, if one is required.
        beyond_loopback: Whether other machines can reach it.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"open {printable(address)} in a browser; stop with Ctrl-C", markup=False)
    if beyond_loopback:
        console.print(
            "anyone who has this address can watch and change settings, and nothing is encrypted; "
            "browsers give access to their camera only to pages on this machine or over https",
            markup=False,
        )


def exit_status(signal_number: int | None) -> int:
    """Return 130 after Ctrl-C, as shells expect, and 0 after SIGTERM, as service managers do."""
    return INTERRUPTED if signal_number == signal.SIGINT else 0
