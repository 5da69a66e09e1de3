"""Prevalence of labels where a model is used, as typed: `contempt=0.0007`."""

from collections.abc import Iterable

from fer_live.errors import SettingsError
from fer_live.labels import LABELS


def read_prevalence(options: Iterable[str]) -> dict[str, float]:
    """Read shares of labels.

    >>> read_prevalence(["contempt=0.0007"])
    {'contempt': 0.0007}

    Raises:
        SettingsError: One is not LABEL=SHARE, or its share is no number in [0, 1].
    """
    shares = {}
    for option in options:
        label, _, text = option.partition("=")
        try:
            share = float(text)
        except ValueError as error:
            raise SettingsError(
                f"--prevalence {option!r} is not LABEL=SHARE, such as contempt=0.0007"
            ) from error
        if label not in LABELS or not 0 <= share <= 1:
            raise SettingsError(
                f"--prevalence {option!r}: the label is one of {', '.join(LABELS)}, the share "
                "is from 0 to 1"
            )
        shares[label] = share
    return shares
