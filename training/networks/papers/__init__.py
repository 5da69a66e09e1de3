"""The networks of the papers reproduced here."""
