"""A file to be written: whole at the end or not there at all, and in no other file's place unless that is asked for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bulkkit.errors import InputError


@contextmanager
def new_file(target: Path, replace: bool = False) -> Iterator[Path]:
    """Yield a file beside `target` to write to, readable for its owner only, which takes its place at the end.

    Whatever goes wrong, `target` is as it was, and the other file is gone.

    Raises
    ------
    InputError
        `target` is there and may not be replaced, or cannot be written.
    """
    _require_free(target, replace)
    part = _beside(target)
    try:
        yield part
        _put(part, target, replace)
    except OSError as error:
        raise InputError(
            f"{target} cannot be written: {error.strerror or error}. Nothing of it was kept; choose another place."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _require_free(target: Path, replace: bool) -> None:
    if target.is_dir():
        raise InputError(f"{target} is a folder; add the file's name.")
    if target.exists() and not replace:
        raise InputError(f"{target} is there already and stays as it is. Choose another name, or add --force.")


def _beside(target: Path) -> Path:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem[:80]}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise InputError(f"Nothing can be written in {target.parent}: {error.strerror}.") from error
    os.close(handle)
    return Path(name)


def _put(part: Path, target: Path, replace: bool) -> None:
    if replace:
        part.replace(target)
        return
    try:
        # A link is not made where a file is: nobody's file of the last minute is lost either.
        os.link(part, target)
    except FileExistsError:
        _require_free(target, replace)
    except OSError:
        _require_free(target, replace)  # Not every file system knows links.
        part.replace(target)
