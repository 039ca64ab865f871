"""Environment of a process that loads a model: set it before torch or diffusers is imported."""

from __future__ import annotations

from typing import Final

QUIET: Final = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
}
"""The model libraries never ask a hub, and leave the terminal to people."""
