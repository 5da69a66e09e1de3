"""Reproductions of the papers' studies, behind `fer-train paper`."""
