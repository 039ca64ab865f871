"""The fixtures of ``conftest_servers`` for this folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from conftest_servers import launch, shared, tiny_model

__all__ = ["launch", "shared", "tiny_model"]
