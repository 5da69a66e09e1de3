"""What holds for every test."""

import signal

# A shell that begins the tests in the background has SIGINT ignored, and `nohup` SIGHUP: programs
# that tests begin would inherit that, and could not be stopped as a person stops them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
