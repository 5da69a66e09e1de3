"""What the commands print: tables, status lines, progress, final messages.

Results go to stdout, messages to stderr, so that either can be redirected. There is one module per
command, so that no command waits for the imports of another.
"""
