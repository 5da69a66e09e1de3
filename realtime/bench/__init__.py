"""How fast it is, on this machine: per stage, against the bare landmarker, model against model.

Everything is measured in one process on one core, what is compared is interleaved, and ratios are
taken from the best of several rounds, so that they hold on a noisy machine.
"""
