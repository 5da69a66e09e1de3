"""Errors from below, told from each other."""

from fer_live.system_errors import DEBIAN_PACKAGES, missing_library


def test_a_missing_library_is_named_with_its_package() -> None:
    for library in DEBIAN_PACKAGES:
        error = ImportError(f"{library}: cannot open shared object file: No such file or directory")
        sentence = missing_library(error)
        assert sentence is not None
        assert library in sentence
        assert DEBIAN_PACKAGES[library] in sentence


def test_other_errors_are_not_taken_for_a_missing_library() -> None:
    assert missing_library(ImportError("No module named 'pyarrow'")) is None
    assert missing_library(OSError(28, "No space left on device")) is None
    assert missing_library(ValueError("libGL.so.1: cannot open shared object file")) is None
