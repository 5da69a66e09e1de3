"""Which measures of each face the outputs of an input need."""

from dataclasses import dataclass

from fer_live.contract import ModelContract
from fer_live.realtime.annotate.crops.choosing import Crops
from fer_live.realtime.annotate.pages import page_measures
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.measures import chosen_measures


@dataclass(frozen=True, slots=True)
class Measured:
    """Names of measures.

    Attributes:
        table: Those that the table has columns for.
        every: Those that anything needs, each once.
    """

    table: tuple[str, ...]
    every: tuple[str, ...]


def measured_for(settings: AnnotateSettings, contract: ModelContract) -> Measured:
    """Return what the settings need of a face.

    Raises:
        SettingsError: A column is misspelt.
    """
    labels = contract.labels
    table = chosen_measures(settings.columns, labels)
    page = page_measures(labels) if settings.report else ()
    crops = () if settings.crops is None else Crops(settings.crops, labels).measures
    return Measured(table, tuple(dict.fromkeys((*table, *page, *crops))))
