"""Errors that a user can fix. The commands print them as one sentence, without a traceback.

FerLiveError
├── SourceError       a camera, stream, video or picture could not be opened or read
├── SinkError         an output could not be written
├── ModelError        a model file is missing, damaged, or violates the contract
├── DeviceError       the requested device cannot run the model
├── DisplayError      a window was requested where none can be shown
├── DataError         a data set is missing, damaged, or not in the expected layout
└── SettingsError     a setting or option has a value that makes no sense

A message says what happened, to which file or option, and what to do about it. Programming errors
are ValueError or TypeError.
"""


class FerLiveError(Exception):
    """Base class of every error that fer-live raises on purpose."""


class SourceError(FerLiveError):
    """A camera, stream, video or picture could not be opened or read."""


class SinkError(FerLiveError):
    """An output could not be written."""


class ModelError(FerLiveError):
    """A model file is missing, damaged, or violates the contract."""


class DeviceError(FerLiveError):
    """The requested device cannot run the model."""


class DisplayError(FerLiveError):
    """A window was requested where none can be shown."""


class DataError(FerLiveError):
    """A data set is missing, damaged, or not in the expected layout."""


class SettingsError(FerLiveError):
    """A setting or option has a value that makes no sense."""
