"""Distinctiveness pruning: measure once, plan as data, compensate exactly, remove physically.

The steps:

1. `graph.channel_graph` finds which channels have to be removed together, and their consumers.
2. `measure.measure` runs the data through once and keeps one Gram matrix per consumer.
3. A planner (`threshold`, `budget`, `importance`) names the channels to remove: a `plan.Plan`.
4. `compensate.compensate` makes the consumers do without them, at the old size.
5. `surgery.shrink` removes them; what is left is an ordinary network of other widths.

The mathematics is in docs/decisions/0012-distinctiveness.md.
"""
