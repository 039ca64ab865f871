"""The server that the pages talk to: a process of its own, started, killed and started again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


class Server:
    """``framejam serve`` as a process of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.link = ""
        self.process: subprocess.Popen[str] | None = None
        self.start(port=0)

    @property
    def port(self) -> int:
        """The port people reach it at; kept by a restart."""
        found = re.search(r":(\d+)/s/", self.link)
        assert found
        return int(found.group(1))

    def start(self, port: int) -> None:
        """Start it and wait for its ready line."""
        with self.data.with_suffix(".log").open("a") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "framejam_server",
                    "serve",
                    "--port",
                    str(port),
                    "--data",
                    str(self.data),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("framejam ready "), self.data.with_suffix(".log").read_text()
        self.link = line.split()[-1]

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)
