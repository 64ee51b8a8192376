"""One clear message per failure: what happened, why, what to do."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable

from . import paths


class SetupError(Exception):
    """Something that the user can understand and change."""

    def __init__(self, what: str, why: str = "", to_do: str = ""):
        self.what, self.why, self.to_do = what, why.strip(), to_do.strip()
        super().__init__(what)

    def __str__(self) -> str:
        lines = [f"Error: {self.what}"]
        if self.why:
            lines.append(f"  Why:   {_indented(self.why)}")
        if self.to_do:
            lines.append(f"  To do: {_indented(self.to_do)}")
        return "\n".join(lines)


def _indented(text: str) -> str:
    return text.replace("\n", "\n         ")


def disk_full(folder, needed: str = "") -> SetupError:
    return SetupError(
        f"The disk is full: {folder} cannot be written.",
        f"It needs {needed}." if needed else "",
        "Make room there and run the same command again; nothing half done is left.",
    )


def run(main: Callable[[list], int]) -> None:
    """Run a command; whatever fails is one message and exit code 1."""
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run the same command again to go on.")
    except SetupError as error:
        sys.exit(str(error))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sys.exit(str(disk_full(error.filename or paths.LOCAL)))
        sys.exit(str(_unexpected(error)))
    except Exception as error:
        sys.exit(str(_unexpected(error)))


def _unexpected(error: Exception) -> SetupError:
    log = paths.LOGS / "error.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc())
    except OSError:
        traceback.print_exc()
    return SetupError(
        f"{type(error).__name__}: {error}",
        "Setup did not expect this.",
        f"Read the details in {log}, then run the same command again.",
    )
