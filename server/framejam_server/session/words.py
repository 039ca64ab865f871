"""Which words of a prompt a model has never learnt, so that people hear of it from the server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

FILLER: Final = frozenset(["a", "an", "and", "at", "in", "is", "of", "on", "the", "to", "with"])
"""Words that carry no picture of their own: nobody is told that they are not understood."""

_WORD: Final = re.compile(r"[^\W\d_][^\W_]*(?:['’-][^\W_]+)*")


def known_words(vocabulary: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """All words of a model's vocabulary (its phrases, in groups), lower case.

    Empty for a model that says nothing about its words: it is taken to know any.
    """
    phrases = (phrase for group in vocabulary.values() for phrase in group)
    return frozenset(word for phrase in phrases for word in _words(phrase))


def unknown_words(prompts: Iterable[str], known: frozenset[str]) -> tuple[str, ...]:
    """The words of ``prompts`` that are neither ``known`` nor filler, each once, in order.

    Case does not matter; numbers alone and punctuation are left out. Empty where ``known`` is.
    """
    if not known:
        return ()
    said = dict.fromkeys(word for prompt in prompts for word in _words(prompt))
    return tuple(word for word in said if word not in known and word not in FILLER)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
