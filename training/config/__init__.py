"""Settings of an experiment, read from TOML and checked."""
