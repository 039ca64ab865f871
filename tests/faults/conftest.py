"""The servers of tests/server, to be killed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "server"))
from conftest_servers import launch, tiny_model

__all__ = ["launch", "tiny_model"]
