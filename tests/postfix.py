"""A real Postfix of the tests' own: a private configuration, a port of its own on loopback, a queue and a Maildir."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from commands import free_port
from servers import LOOPBACK, PATIENCE, wait_for

QUEUES: Final = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
                 "pid", "private", "public", "saved", "trace")  # fmt: skip
SERVICES: Final = """\
{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
"""The services of Postfix's own master.cf that take, queue and deliver mail; none in a chroot (master(5))."""
ATTEMPTS: Final = 3
NOBODY: Final = 65534
"""Whose the Maildir is."""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running Postfix; all that it takes for `*.example`, `example.org` and `example.com` lies in one Maildir."""

    port: int
    folder: Path

    @property
    def log(self) -> str:
        """What Postfix has logged so far."""
        return (self.folder / "mail.log").read_text("utf-8", "backslashreplace")

    def mail(self, count: int = 0) -> list[bytes]:
        """Return the messages as they were delivered, with LF line ends; wait until there are so many."""
        until = time.monotonic() + PATIENCE
        while len(files := sorted((self.folder / "mail" / "all" / "new").glob("*"))) < count:
            assert time.monotonic() < until, f"{len(files)} of {count} messages arrived; {self.log}"
            time.sleep(0.02)
        return [file.read_bytes() for file in files]


@contextlib.contextmanager
def postfix(**main_cf: str) -> Iterator[Postfix]:
    """Run Postfix with these settings of main.cf beside its own; it ends with the block.

    It needs Debian's package and root: where one of them is not there the test is skipped, on CI it fails.
    `smtpd_tls_chain_files` takes a file of `certificates.Authority`, `passwords` yields settings for AUTH.
    """
    _require_postfix()
    with contextlib.ExitStack() as stack:
        for _ in range(ATTEMPTS):
            # Not among pytest's folders: the path of a local socket has at most 107 characters (unix(7)).
            home = tempfile.TemporaryDirectory(prefix="postfix-", ignore_cleanup_errors=True)
            folder, port = Path(stack.enter_context(home)), free_port()
            folder.chmod(0o755)
            _lay_out(folder, port, main_cf)
            if _is_up(stack.enter_context(_master(folder)), folder):
                wait_for(port)
                yield Postfix(port, folder)
                return
        raise TimeoutError(f"Postfix did not start; it said: {(folder / 'master.log').read_text()}")


@contextlib.contextmanager
def _master(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [_postconf("daemon_directory") + "/master", "-c", str(folder / "etc"), "-d"]
    with (folder / "master.log").open("wb") as said:
        streams = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said}
        # On SIGTERM it ends its process group, which must be its own.
        with subprocess.Popen(command, start_new_session=True, **streams) as master:
            try:
                yield master
            finally:
                master.terminate()


def _is_up(master: subprocess.Popen[bytes], folder: Path) -> bool:
    """Wait until Postfix has started; False where it ended instead: somebody else has its port meanwhile."""
    log, until = folder / "mail.log", time.monotonic() + PATIENCE
    while not (log.exists() and "daemon started" in log.read_text("utf-8", "backslashreplace")):
        if master.poll() is not None or time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@contextlib.contextmanager
def passwords(accounts: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Answer Postfix's questions whether a user's password is right; yields the settings that make it ask here.

    It speaks the server's side of Dovecot's authentication protocol, version 1.2, for PLAIN.
    """
    with socketserver.ThreadingTCPServer((LOOPBACK, 0), _Passwords) as server:
        server.daemon_threads = True
        server.accounts = dict(accounts)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield {
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"inet:{LOOPBACK}:{server.server_address[1]}",
        }
        server.shutdown()


class _Passwords(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Greet, then answer each AUTH line."""
        self.wfile.write(b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n")
        for line in self.rfile:
            verb, *words = line.decode().rstrip("\n").split("\t")
            if verb == "AUTH":
                _, user, password = base64.b64decode(words[-1].removeprefix("resp=")).decode().split("\0")
                good = self.server.accounts.get(user) == password
                self.wfile.write(f"{'OK' if good else 'FAIL'}\t{words[0]}\tuser={user}\n".encode())


def _require_postfix() -> None:
    lacks = None
    if shutil.which("postconf", path=_path()) is None:
        lacks = "Postfix is not installed (Debian: apt-get install postfix)"
    elif os.geteuid() != 0:
        lacks = "only root may start Postfix"
    if lacks:
        pytest.fail(lacks) if os.environ.get("CI") else pytest.skip(lacks)


def _path() -> str:
    return os.environ.get("PATH", os.defpath) + ":/usr/sbin"


def _postconf(name: str) -> str:
    return subprocess.check_output([shutil.which("postconf", path=_path()), "-d", "-h", name], text=True).strip()


def _lay_out(folder: Path, port: int, main_cf: Mapping[str, str]) -> None:
    for name in ("etc", "data", "mail", *(f"queue/{queue}" for queue in QUEUES)):
        (folder / name).mkdir(parents=True)
    for name in ("data", *(f"queue/{queue}" for queue in QUEUES if queue != "pid")):
        shutil.chown(folder / name, "postfix")
    os.chown(folder / "mail", NOBODY, NOBODY)
    settings = _settings(folder) | main_cf
    (folder / "etc" / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (folder / "etc" / "master.cf").write_text(SERVICES.format(port=port))


def _settings(folder: Path) -> dict[str, str]:
    return {
        "compatibility_level": "3.6",
        "queue_directory": str(folder / "queue"),
        "data_directory": str(folder / "data"),
        "maillog_file": str(folder / "mail.log"),
        "maillog_file_prefixes": str(folder),
        "myhostname": "mx.postfix.example",
        "mydestination": "",
        "alias_maps": "",
        "inet_interfaces": "loopback-only",
        "inet_protocols": "ipv4",
        "mynetworks": "127.0.0.0/8",
        "smtpd_peername_lookup": "no",
        "smtp_dns_support_level": "disabled",
        "virtual_mailbox_domains": r"regexp:{{/^(.*\.example|example\.(org|com))$$/ ours}}",
        "virtual_mailbox_base": str(folder / "mail"),
        "virtual_mailbox_maps": "static:all/",
        "virtual_minimum_uid": "1",
        "virtual_uid_maps": f"static:{NOBODY}",
        "virtual_gid_maps": f"static:{NOBODY}",
    }
