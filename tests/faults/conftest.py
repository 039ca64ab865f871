"""The servers of tests/server and the PostgreSQL of tests/contract, to be killed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "contract"))
sys.path.insert(0, str(Path(__file__).parent.parent / "server"))
from clusters import postgres
from conftest_servers import launch, tiny_model

__all__ = ["launch", "postgres", "tiny_model"]
