"""Errors that a user can fix. The commands print them as one sentence, without a traceback.

FerLiveError
├── SourceError       a camera, stream, video or picture could not be opened or read
├── SinkError         an output could not be written
├── ModelError        a model file is missing, damaged, or does not keep the contract
├── DeviceError       the device that was asked for cannot run the model
├── DisplayError      a window was asked for where none can be shown
├── DataError         a data set is missing, damaged, or not in the layout it was read as
└── SettingsError     a configuration or option holds something that makes no sense

A message says what happened, to which file or option, and what to do about it. Mistakes of the
programmer are ValueError or TypeError.
"""


class FerLiveError(Exception):
    """Base of every error that fer-live raises on purpose."""


class SourceError(FerLiveError):
    """A camera, stream, video or picture could not be opened or read."""


class SinkError(FerLiveError):
    """An output could not be written."""


class ModelError(FerLiveError):
    """A model file is missing, damaged, or does not keep the contract."""


class DeviceError(FerLiveError):
    """The device that was asked for cannot run the model."""


class DisplayError(FerLiveError):
    """A window was asked for where none can be shown."""


class DataError(FerLiveError):
    """A data set is missing, damaged, or not in the layout it was read as."""


class SettingsError(FerLiveError):
    """A configuration or option holds something that makes no sense."""
