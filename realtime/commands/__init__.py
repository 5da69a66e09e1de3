"""What the command says on a terminal: tables, status lines, progress, summaries.

Results go to stdout, everything about them to stderr, so that either can be piped away. One file a
command, so that no command waits for what another one imports.
"""
