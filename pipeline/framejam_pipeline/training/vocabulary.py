"""The words of the world: what a caption can say, and how it says it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

ICONS: Final[dict[str, str]] = {
    "butterfly": "butterfly",
    "fish": "fish",
    "car": "automobile",
    "tree": "evergreen-tree",
    "star": "star",
    "boat": "sailboat",
    "balloon": "balloon",
    "cat": "cat",
    "house": "house",
    "rocket": "rocket",
    "mushroom": "mushroom",
    "umbrella": "umbrella",
    "duck": "duck",
    "heart": "red-heart",
}
"""Subject word -> icon name in Fluent Emoji (flat)."""

SUBJECTS: Final = tuple(ICONS)

PALETTE: Final[dict[str, tuple[int, int, int]]] = {
    "red": (222, 38, 38),
    "orange": (245, 132, 20),
    "yellow": (248, 216, 30),
    "green": (40, 160, 60),
    "blue": (40, 90, 225),
    "purple": (130, 60, 180),
    "pink": (250, 130, 185),
    "white": (245, 245, 245),
    "black": (38, 36, 42),
}
"""Colour word -> sRGB bytes. The index after the last one means the icon's own colours."""

COLOURS: Final = tuple(PALETTE)
NATURAL: Final = len(COLOURS)

BACKGROUNDS: Final[dict[str, tuple[str, ...]]] = {
    "sky": ("in the sky", "in a blue sky"),
    "meadow": ("over a meadow", "over a green meadow"),
    "sea": ("on the sea", "over the blue sea"),
    "night": ("at night", "in the night"),
    "city": ("in the city", "in a city"),
    "forest": ("in the forest", "in a forest"),
    "desert": ("in the desert", "in a desert"),
    "snow": ("in the snow", "over white snow"),
}
"""Background word -> the phrases that name it."""

BACKGROUND_NAMES: Final = tuple(BACKGROUNDS)
PHOTOGRAPH: Final = len(BACKGROUND_NAMES)
"""Background index of a real photograph; only image conditions show one."""

SIZES: Final = ("small", "medium", "big")
PLACES: Final = ("left", "right", "top", "bottom", "centre")
PLACE_PHRASES: Final = (
    "on the left",
    "on the right",
    "at the top",
    "at the bottom",
    "in the centre",
)
MOTIONS: Final = ("left", "right", "up", "down", "grow", "shrink", "still")
MOTION_PHRASES: Final = (
    "moving to the left",
    "moving to the right",
    "moving up",
    "moving down",
    "growing",
    "shrinking",
    "standing still",
)


@dataclass(frozen=True)
class Factors:
    """Everything a caption can state, as indices into the tuples above."""

    subject: int
    colour: int
    background: int
    size: int
    place: int
    motion: int


def is_held_out(subject: int, colour: int, background: int) -> bool:
    """Whether training never shows this combination (1 in 11), so that it can be tested."""
    return (3 * subject + 5 * colour + 7 * background) % 11 == 0


def caption(factors: Factors, rng: random.Random, motion_chance: float = 0.5) -> str:
    """One sentence for ``factors``; some factors are left unsaid now and then.

    The place is nearly always said: entropy that the model cannot read costs training time.
    """
    words = ["a"]
    if factors.size != 1 and rng.random() < 0.92:
        words.append(SIZES[factors.size])
    if factors.colour != NATURAL:
        words.append(COLOURS[factors.colour])
    words.append(SUBJECTS[factors.subject])
    if factors.background == PHOTOGRAPH:
        words.append("over a photograph")
    else:
        words.append(rng.choice(BACKGROUNDS[BACKGROUND_NAMES[factors.background]]))
    if rng.random() < 0.92:
        words.append(PLACE_PHRASES[factors.place])
    if rng.random() < motion_chance:
        words.append(MOTION_PHRASES[factors.motion])
    return " ".join(words)


def plain_caption(factors: Factors, motion: bool = False) -> str:
    """The caption that says everything, always in the same words; used to measure."""
    size = "" if factors.size == 1 else SIZES[factors.size] + " "
    colour = "" if factors.colour == NATURAL else COLOURS[factors.colour] + " "
    where = BACKGROUNDS[BACKGROUND_NAMES[factors.background]][0]
    text = f"a {size}{colour}{SUBJECTS[factors.subject]} {where} {PLACE_PHRASES[factors.place]}"
    return f"{text} {MOTION_PHRASES[factors.motion]}" if motion else text


def all_words() -> tuple[str, ...]:
    """Every word any caption uses, sorted; the tokenizer learns each as one token."""
    phrases = [*SUBJECTS, *COLOURS, *SIZES, *PLACE_PHRASES, *MOTION_PHRASES]
    phrases += [phrase for several in BACKGROUNDS.values() for phrase in several]
    phrases += ["a an the over a photograph of with still", *BACKGROUND_NAMES]
    return tuple(sorted({word for phrase in phrases for word in phrase.split()}))
