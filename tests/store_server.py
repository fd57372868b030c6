"""The real server on a store's file, in a process of its own that can be killed at any moment."""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
LOOK_AGAIN_S = 0.002
PATIENCE_S = 60.0
"""How long a server may take to be ready before that is a failure."""


class StoreServer:
    """`pdp serve --store sqlite:PATH` on any free port. What it logs is added to a file beside the store's.

    As a context it is killed at the end.
    """

    def __init__(self, store: Path, *options: str) -> None:
        self.log_path = store.with_name(store.name + ".log")
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        command = [sys.executable, "-m", "pdp.cli", "serve", "--store", f"sqlite:{store}", "--json", *options]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], cwd=ROOT, stderr=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self.kill()

    def address(self) -> str:
        """Where it listens, once it serves. Raises RuntimeError, with its log, when it ends or takes too long."""
        end, address = time.monotonic() + PATIENCE_S, ""
        with self.log_path.open(encoding="utf-8") as log:
            log.seek(self._log_start)
            while time.monotonic() < end:
                line = log.readline()
                if line.startswith("{") and line.endswith("\n"):
                    entry = json.loads(line)
                    address = str(entry.get("address", address))
                    if entry.get("event") == "serving":
                        return address
                elif not line:
                    if self.process.poll() is not None:
                        break
                    time.sleep(LOOK_AGAIN_S)
        raise RuntimeError(f"the server was not ready: {self.log()}")

    def kill(self) -> None:
        """Ends it as a fault would, with no word of warning. Returns when it is gone."""
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        """The last of what it has said."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read()[-5_000:].decode(errors="replace")

    def resident_kib(self) -> int:
        """The memory that it holds."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError("the server has ended")
