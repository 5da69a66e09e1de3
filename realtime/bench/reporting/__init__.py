"""How the figures are shown: as tables, as JSON, as a plot."""
