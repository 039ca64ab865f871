"""The server that the pages talk to: a process of its own, started, killed and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path


class Server:
    """``framejam serve`` as a process of its own."""

    def __init__(self, data: Path, **settings: object) -> None:
        self.data = data
        self.settings = {f"FRAMEJAM_{name.upper()}": str(s) for name, s in settings.items()}
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
                env={**os.environ, **self.settings},
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("framejam ready "), self.data.with_suffix(".log").read_text()
        self.link = line.split()[-1]

    def kill_renderer(self) -> None:
        """End the process that owns the model, and nothing else."""
        assert self.process is not None
        renderers = [
            int(stat.parent.name)
            for stat in Path("/proc").glob("[0-9]*/stat")
            if _parent_of(stat) == self.process.pid
        ]
        assert len(renderers) == 1, renderers
        os.kill(renderers[0], signal.SIGKILL)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)


def _parent_of(stat: Path) -> int:
    """The parent of a process, by its line in /proc; 0 where it has ended meanwhile."""
    try:
        # The name of a program may hold spaces and brackets: count from the last bracket.
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0
