"""Moments from recordings of the Lab Streaming Layer, as a clip's own times."""
