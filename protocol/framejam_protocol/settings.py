"""The settings of a take (T8): those that define it, and those that enter it like other edits."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, UnsetType

from framejam_protocol.limits import MAX_LORAS, MAX_SEED

_Model = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
_Seed = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)]
_Steps = Annotated[int, msgspec.Meta(ge=1, le=200)]
_Frames = Annotated[int, msgspec.Meta(ge=1, le=64)]
_Pixels = Annotated[int, msgspec.Meta(ge=8, le=2048)]
_Fps = Annotated[int, msgspec.Meta(ge=1, le=60)]
_Guidance = Annotated[int, msgspec.Meta(ge=0, le=3000)]
_Scheduler = Annotated[str, msgspec.Meta(max_length=40)]
_Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
_LoraName = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
_LoraWeight = Annotated[int, msgspec.Meta(ge=-200, le=200)]
_Loras = Annotated[tuple[tuple[_LoraName, _LoraWeight], ...], msgspec.Meta(max_length=MAX_LORAS)]

HARMONIZE: Final = 0
"""How much P_img makes of paint where nobody says: see ``Settings.harmonize``."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a take is made with besides the instructions (T8).

    ``width`` and ``height`` in pixels, ``fps`` in frames a second, ``guidance`` in hundredths
    (100 is 1.0: no classifier-free guidance). ``scheduler`` is a name the model offers; "" is its
    default. ``loras`` are names of the model's LoRA files with weights in hundredths, in any order;
    those not named weigh 0.

    ``harmonize`` (0 to 100) is the share of P_img's noise that paint is re-denoised from, image to
    image; at 0 it lies on the picture as it was painted. ``mix`` (0 to 100) is 1 - lambda of
    equation 4 of the paper in hundredths; at 0 instructions act as one residual field instead.
    ``align`` (0 to 100) is how far frames are re-aligned to the intermediate image (equation 5).

    The settings of ``ENTERED_SETTINGS`` enter a take like other edits, ``fps`` concerns its export
    only; all others define the take.
    """

    model: _Model
    seed: _Seed
    steps: _Steps
    frames: _Frames
    width: _Pixels
    height: _Pixels
    fps: _Fps
    guidance: _Guidance
    scheduler: _Scheduler = ""
    loras: _Loras = ()
    harmonize: _Percent = HARMONIZE
    mix: _Percent = 0
    align: _Percent = 0


class Adjust(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="settings"
):
    """New values for some settings; each is its own field, last writer wins (M2, T8)."""

    model: _Model | UnsetType = UNSET
    seed: _Seed | UnsetType = UNSET
    steps: _Steps | UnsetType = UNSET
    frames: _Frames | UnsetType = UNSET
    width: _Pixels | UnsetType = UNSET
    height: _Pixels | UnsetType = UNSET
    fps: _Fps | UnsetType = UNSET
    guidance: _Guidance | UnsetType = UNSET
    scheduler: _Scheduler | UnsetType = UNSET
    loras: _Loras | UnsetType = UNSET
    harmonize: _Percent | UnsetType = UNSET
    mix: _Percent | UnsetType = UNSET
    align: _Percent | UnsetType = UNSET


ENTERED_SETTINGS: Final = frozenset({"guidance", "loras", "harmonize", "mix", "align"})
"""The settings that are edits with an entry step; a change of them starts no other take (T8)."""

_MEANING: Final = ("model", "width", "height", "frames", "steps", "scheduler")
"""The settings under which entry steps and outlines mean what they meant."""


def same_meaning(settings: Settings, then: Settings) -> bool:
    """Whether entry steps and outlines mean the same in takes of both."""
    return all(getattr(settings, name) == getattr(then, name) for name in _MEANING)


def held_under(settings: Settings, then: Settings) -> Settings:
    """What a take of ``then`` that a lock holds is made with in a take of ``settings`` (T11).

    These, from the seed of then; where the steps or pictures of then mean something else, these
    wholly.
    """
    if same_meaning(settings, then):
        return msgspec.structs.replace(settings, seed=then.seed)
    return settings
