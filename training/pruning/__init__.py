"""Distinctiveness pruning: measure once, plan as data, compensate exactly, remove physically.

The road that a network takes:

1. `graph.channel_graph` finds which feature maps live and die together and who reads them.
2. `measure.measure` runs the data through once and keeps one Gram matrix per reader.
3. A planner (`threshold`, `budget`, `importance`) names the maps to remove: a `plan.Plan`.
4. `compensate.compensate` lets the readers do without them, at the old size.
5. `surgery.shrink` removes them; what is left is an ordinary network with odd widths.

The mathematics is in docs/decisions/0012-distinctiveness.md.
"""
