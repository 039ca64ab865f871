"""The model card, written from the measured numbers so that the two cannot disagree."""

from __future__ import annotations

from typing import Any


def model_card(metrics: dict[str, Any]) -> str:
    """README of the shipped folder."""
    return f"# framejam-embedded\n\nSnapshot of a training run.\n\n{metrics}\n"
