"""The commands of fer-train, one module a subject: parse, call, print."""
