"""Where a ledger must not lie: on file systems that other machines reach, or that keep no locks.

A ledger rests on two things that only one machine's kernel can give: the lock
that lets one process send, and SQLite's write-ahead log, whose index is shared
memory ("WAL does not work over a network filesystem": sqlite.org/wal.html, 2026-11;
sqlite.org/howtocorrupt.html §2.1). A type that is not known here is not refused.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import Final

MOUNTINFO: Final = Path("/proc/self/mountinfo")
"""Linux's table of mounts (proc_pid_mountinfo(5)); other systems have none, and there no type is known."""

_OTHERS: Final = (
    "other machines can open it too, and neither the lock that lets one process send nor SQLite's write-ahead log, "
    "which is shared memory, reaches from one machine to another"
)
_STORE: Final = "it is a store of whole files behind a cache: it has no locks, and a commit is not on its disk yet"
_HOST: Final = "it belongs to this virtual machine's host, which does not see the locks that are taken here"

REFUSED: Final = {
    **dict.fromkeys(("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda"), _OTHERS),
    **dict.fromkeys(("ceph", "lustre", "gfs2", "ocfs2", "gpfs", "beegfs", "orangefs"), _OTHERS),
    **dict.fromkeys(("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.moosefs"), _OTHERS),
    **dict.fromkeys(("fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.mount-s3", "fuse.blobfuse2"), _STORE),
    **dict.fromkeys(("fuse.davfs", "davfs", "fuse.juicefs", "fuse.google-drive-ocamlfuse", "fuse.onedriver"), _STORE),
    **dict.fromkeys(("drvfs", "vboxsf", "fuse.vmhgfs-fuse", "vmhgfs", "prl_fs"), _HOST),
    **dict.fromkeys(("fuse.grpcfuse", "fuse.osxfs"), _HOST),
}
"""The type of a file system, as the kernel calls it, and why no ledger lies there.

9p is not among them: sandboxes (gVisor) show their own disk as 9p. Windows' drives in WSL are 9p too, and are `drvfs`.
"""

_LINE: Final = re.compile(r"\d+ \d+ \S+ \S+ (?P<point>\S+) .*? - (?P<type>\S+) \S+ (?P<options>\S+)")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def refusal(path: PurePath, mountinfo: str) -> str | None:
    """Return why no ledger may lie at an absolute path, by a table of mounts; None where nothing speaks against it."""
    kind = filesystem(path, mountinfo)
    return f"a file system of type {kind}: {REFUSED[kind]}" if kind in REFUSED else None


def filesystem(path: PurePath, mountinfo: str) -> str | None:
    """Return the type of the file system that an absolute path lies on, or None where the table does not say."""
    found: tuple[int, str] | None = None
    for mount in _LINE.finditer(mountinfo):
        point = PurePath(_OCTAL.sub(lambda code: chr(int(code[1], 8)), mount["point"]))
        # The innermost one holds the path, and of two at one point the later one covers the other.
        if path.is_relative_to(point) and (found is None or len(point.parts) >= found[0]):
            kind = "drvfs" if mount["type"] == "9p" and "aname=drvfs" in mount["options"] else mount["type"]
            found = len(point.parts), kind
    return found and found[1]


def read_mountinfo() -> str:
    """Return the machine's table of mounts, or nothing where it has none."""
    try:
        return MOUNTINFO.read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
