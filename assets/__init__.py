"""The models that ship with fer-live: read through `fer_live.bundle`."""
