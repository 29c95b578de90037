"""The processes that the demo starts: watched while it runs, and gone when it ends, however it ends."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any


class DemoFailed(Exception):
    """The demo did not show what it is to show."""


class Processes:
    """Processes by name. They are in sessions of their own, so that Ctrl-C reaches the demo alone, which ends them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], *, stdout: Any = None, **options: Any) -> subprocess.Popen[bytes]:
        """Start a process whose output, or standard error only where `stdout` is given, goes to its log."""
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                command, stdout=stdout or log, stderr=log, start_new_session=True, **({"cwd": self.folder} | options)
            )
        self._running[name] = process
        return process

    def check(self) -> None:
        """All of them are there to stay: if one has ended, so has the demo."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise DemoFailed(f"the {name} ended with exit code {process.returncode}")

    def end(self) -> None:
        """The last one first: nobody is left talking to nobody."""
        for process in reversed(self._running.values()):
            process.terminate()
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        self._running.clear()

    def last_lines(self, name: str, count: int) -> list[str]:
        log = self._log(name)
        return log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"
