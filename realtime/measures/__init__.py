"""More of each face than its label: how the head is turned, how well it is seen, what moves."""

from fer_live.realtime.measures.columns import chosen_measures, measure_groups
from fer_live.realtime.measures.measurer import Measurer
from fer_live.realtime.measures.series import ProbabilitySeries

__all__ = ["Measurer", "ProbabilitySeries", "chosen_measures", "measure_groups"]
