"""Prompts: what is said to the text encoder, and its answer."""

from __future__ import annotations

import torch

from framejam_pipeline.models.contract import VideoModel


def caption(content: str, motion: str) -> str:
    """Join the content prompt (y) and the motion prompt (y') into one caption.

    Content comes first, as in the captions video models learn from; blank prompts fall away.
    """
    return " ".join(part for part in (content.strip(), motion.strip()) if part)


def text_states(model: VideoModel, text: str, guided: bool) -> torch.Tensor:
    """Encode ``text`` to (1, tokens, d), or with guidance to (unconditional, text): (2, ...).

    Each text is encoded alone: in a batch its neighbours could change the last bits.
    """
    states = model.encode_text(text)
    return torch.cat([model.encode_text(""), states]) if guided else states
