"""Prompts: what is said to the text encoder, and its answer, blended while they change (T9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import torch

from framejam_pipeline.entries import Fold
from framejam_pipeline.models.contract import Loras, VideoModel

BLEND: Final = (1, 4)
"""The share of a take's steps, as a fraction, in which a changed prompt blends in.

Two of eight: between two previews the shipped model's clip then jumps two thirds as far as when
motion words change at once, and half as far over four, but those end further from a restart."""

Said = Sequence[tuple[str, int]]
"""Texts, oldest first, each with the steps for which it has been entering. The first is whole."""


def blend_steps(steps: int) -> int:
    """Return B of T9 in a take of ``steps``: a prompt is whole from its B-th step on."""
    share, whole = BLEND
    return max(1, steps * share // whole)


def without_faded(fold: Fold, steps: int) -> Fold:
    """Return ``fold`` without the readings that show no more in a take of ``steps``."""
    over = blend_steps(steps)
    return replace(fold, fading=tuple(one for one in fold.fading if one.steps < over))


def caption(content: str, motion: str) -> str:
    """Join the content prompt (y) and the motion prompt (y') into one caption.

    Content comes first, as in the captions video models learn from; blank prompts fall away.
    """
    return " ".join(part for part in (content.strip(), motion.strip()) if part)


def captions(fold: Fold) -> Said:
    """Return what P_video is told and was told before."""
    told = [(caption(one.content, one.motion), one.steps) for one in fold.fading]
    return _chain(told, caption(fold.content, fold.motion))


def negatives(fold: Fold) -> Said:
    """Return what guidance leads away from, and led away from before."""
    return _chain([(one.negative.strip(), one.steps) for one in fold.fading], fold.negative.strip())


def blended(said: Said, over: int, encode: Callable[[str], torch.Tensor]) -> torch.Tensor:
    """Return the states of texts that blend in over ``over`` steps each, (1, tokens, d).

    The oldest is whole; each later one is blended into what those before it gave, with weight
    min(1, steps / over). States of whole texts come from ``encode``.
    """
    (first, _), *later = said
    states = encode(first)
    for text, steps in later:
        states = torch.lerp(states, encode(text), min(1.0, steps / over))
    return states


def text_states(
    model: VideoModel, text: str, negative: str, guided: bool, loras: Loras
) -> torch.Tensor:
    """Encode ``text`` to (1, tokens, d), or with guidance to (negative, text): (2, tokens, d).

    Each text is encoded alone: in a batch its neighbours could change the last bits.
    """
    states = model.encode_text(text, loras=loras)
    return torch.cat([model.encode_text(negative, loras=loras), states]) if guided else states


def _chain(before: Sequence[tuple[str, int]], now: str) -> Said:
    """Give every text the steps since it came; what a change of other prompts left is one text."""
    texts = [text for text, _ in before] + [now]
    since = [0, *(steps for _, steps in before)]
    return [
        (text, steps)
        for place, (text, steps) in enumerate(zip(texts, since, strict=True))
        if place == 0 or text != texts[place - 1]
    ]
