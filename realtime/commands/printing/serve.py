"""What `fer-live serve` prints."""

from rich.console import Console

from fer_live.terminal.console import printable


def tell_address(address: str, *, beyond_loopback: bool) -> None:
    """Say where the page is.

    Args:
        address: With the token, where one is asked for.
        beyond_loopback: Whether other machines can reach it.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"open {printable(address)} in a browser; stop with Ctrl-C", markup=False)
    if beyond_loopback:
        console.print(
            "whoever has this address can watch and change settings, and nothing is encrypted; "
            "browsers give their own camera only to pages on this machine or with https",
            markup=False,
        )
