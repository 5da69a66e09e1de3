"""Speed on this machine: by stage, against the bare landmarker, and model against model.

Everything is measured in one process on one core, what is compared is interleaved, and ratios are
taken from the best of several rounds, so that they hold on a noisy machine.
"""
