"""The program in the README runs as it stands, on a fresh session."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_readmes_program_leaves_a_clip(launch, tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.S)
    server = launch()
    (tmp_path / "program.py").write_text(f"URL = {server.link!r}\n{program}")
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last == "6 6 (32, 32)"
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"
