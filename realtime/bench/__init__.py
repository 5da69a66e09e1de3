"""The benchmark behind `fer-live bench`: per-stage latency, speed-ups, memory and GPU gain.

Everything runs in one process on one core. Subjects that are compared are interleaved call by
call, and ratios use the best of several rounds, so that they stay meaningful on a noisy machine.
"""
