"""From the data alone to a model that ships: stages that are made in order, each once."""
