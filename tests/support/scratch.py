"""Where the databases of tests live."""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM_BYTES_MIN = 1 << 30


def scratch_directory(purpose: str, *, on_disk: bool = False) -> Path:
    """A new directory in memory where there is room, else among the temporary files.

    Copying a migrated PostgreSQL database takes 20 ms in memory and 400 ms on a disk, once per test.

    Args:
        on_disk: among the temporary files anyway, for whoever measures what a disk takes.
    """
    roomy = (
        not on_disk
        and MEMORY.is_dir()
        and os.access(MEMORY, os.W_OK)
        and shutil.disk_usage(MEMORY).free > ROOM_BYTES_MIN
    )
    place = MEMORY if roomy and "TMPDIR" not in os.environ else None
    return Path(tempfile.mkdtemp(prefix=f"auyl-{purpose}-", dir=place))
