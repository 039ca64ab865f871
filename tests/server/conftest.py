"""The fixtures of ``conftest_servers`` and ``stage`` for this folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from conftest_servers import launch, shared, tiny_model
from stage import stage

__all__ = ["launch", "shared", "stage", "tiny_model"]
