"""What holds for every test."""

import signal

from hypothesis import settings

# A shell that begins the tests in the background has SIGINT ignored, and `nohup` SIGHUP: programs
# that tests begin would inherit that, and could not be stopped as a person stops them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
# Whoever runs the tests twice gets the same answer twice: properties are held on the same examples
# each time. `make test-long` looks for new ones, at random and many more of them.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None)
settings.load_profile("same")
