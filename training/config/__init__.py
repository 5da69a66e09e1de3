"""What an experiment is: settings, read from TOML and checked on the way in."""
