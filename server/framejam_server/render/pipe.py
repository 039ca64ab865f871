"""What the server and its render worker say to each other, and how it is framed on a pipe.

A frame is a 4-byte big-endian length and one MessagePack message. The server asks, the worker
answers in order; either end notices the other's death as the end of the stream.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from framejam_protocol.fold.pairs import Pair, Reference
from framejam_protocol.geometry import Point
from framejam_protocol.instructions import Settings
from framejam_protocol.messages import Tier

LENGTH: Final = struct.Struct(">I")

FPS: Final = 8
"""Frames a second of a new session: 16 frames play for two seconds."""


class Advance(msgspec.Struct, frozen=True, tag="advance"):
    """Bring a take to a new mapping, then run one step of it or decode the finished clip.

    ``add`` and ``remove`` change the mapping the worker holds for ``key``; with ``fresh`` the
    worker forgets what it held. ``references`` are what the locks of the mapping hold, those only
    that the worker does not know yet; those of the locks ``released`` are not needed any more. Of
    the preview one sheet is made for each of ``tiers``.
    """

    key: str
    settings: Settings
    fresh: bool
    add: dict[int, Pair]
    remove: tuple[int, ...]
    references: dict[int, Reference] = {}
    released: tuple[int, ...] = ()
    tiers: tuple[Tier, ...] = ("sheet",)


class Estimate(msgspec.Struct, frozen=True, tag="estimate"):
    """Decode what the step before predicted: a take that stands still is looked at closely.

    Answered by ``Advanced``, with ``position`` as it is; ``Failed`` where no step has run.
    """

    key: str
    tiers: tuple[Tier, ...]


class Forget(msgspec.Struct, frozen=True, tag="forget"):
    """Free the memory of a take."""

    key: str


class Who(msgspec.Struct, frozen=True, tag="who"):
    """How much does each stroke and drag of ``mapping`` weigh on a point of a frame (M6)?

    ``at`` is in 1/65536. Neither the take of ``key`` nor its mapping changes, and it need not be
    there; where it is, much of the answer is known already.
    """

    key: str
    settings: Settings
    mapping: dict[int, Pair]
    frame: int
    at: Point


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The worker has loaded its model. ``environment`` is what T2 records.

    Frames are multiples of ``size_multiple`` pixels wide and high, clips at most ``max_frames``
    long. ``schedulers`` are those on offer, its default first, and ``loras`` the names of its LoRA
    files. A take needs ``take_bytes_fixed``, ``take_bytes_per_pixel`` for each pixel of every frame
    and, for each value of its latents, which are ``latent_channels`` deep and as many pixels wide
    and high as ``latent_factor`` says, ``take_bytes_per_value`` bytes.
    """

    model: str
    model_hash: str
    width: int
    height: int
    frames: int
    steps: int
    guidance: int
    vocabulary: dict[str, tuple[str, ...]]
    environment: dict[str, str]
    size_multiple: int
    max_frames: int
    schedulers: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()
    take_bytes_fixed: int = 0
    take_bytes_per_value: int = 0
    latent_factor: int = 8
    latent_channels: int = 4
    take_bytes_per_pixel: int = 0

    def take_bytes(self, settings: Settings) -> int:
        """The memory in bytes that a take needs besides the model's weights."""
        rows, columns = (side // self.latent_factor for side in (settings.height, settings.width))
        values = self.latent_channels * settings.frames * rows * columns
        pixels = settings.width * settings.height * settings.frames
        latents = self.take_bytes_per_value * values
        return self.take_bytes_fixed + latents + self.take_bytes_per_pixel * pixels

    def settings(self, seed: int, steps: int | None = None) -> Settings:
        """What a session of this model begins with; ``steps`` None is the model's own number."""
        return Settings(
            model=self.model,
            seed=seed,
            steps=steps or self.steps,
            frames=self.frames,
            width=self.width,
            height=self.height,
            fps=FPS,
            guidance=self.guidance,
        )

    def objections(self, settings: Settings) -> dict[str, str]:
        """Why the model cannot make a clip with some settings, by the field; empty if it can."""
        found: dict[str, str] = {}
        if settings.model != self.model:
            found["model"] = f"this server has {self.model} loaded"
        for field, pixels in (("width", settings.width), ("height", settings.height)):
            if pixels % self.size_multiple:
                found[field] = f"{self.model} makes multiples of {self.size_multiple} pixels"
        if settings.frames > self.max_frames:
            found["frames"] = f"{self.model} makes clips of at most {self.max_frames} frames"
        if settings.scheduler and settings.scheduler not in self.schedulers:
            found["scheduler"] = f"{self.model} offers {', '.join(self.schedulers)}"
        for name, _ in settings.loras:
            if name not in self.loras:
                has = ", ".join(self.loras) or "none"
                found["loras"] = f"{self.model} has no LoRA {name!r}; it has {has}"
        return found


class Sheet(msgspec.Struct, frozen=True):
    """All frames of a clip as one JPEG, in reading order. Sizes in pixels of one frame."""

    columns: int
    rows: int
    frames: int
    width: int
    height: int
    jpeg: bytes


class Clip(msgspec.Struct, frozen=True):
    """The finished take: raw RGB of shape (frames, height, width, 3), and the latents' digest."""

    frames: int
    height: int
    width: int
    rgb: bytes
    digest: str


class Advanced(msgspec.Struct, frozen=True, tag="advanced"):
    """``position`` after the step, and one sheet for each tier asked for; ``clip`` is there where
    the finished take was decoded. Without sheets where a take that a lock holds ran a step.
    """

    position: int
    sheets: dict[Tier, Sheet]
    clip: Clip | None = None


class Weights(msgspec.Struct, frozen=True, tag="weights"):
    """The answer to ``Who``: 0 to 1 by the seq of the edit that gave it, without zeros."""

    weights: dict[int, float]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The take could not be advanced; the worker lives on. ``message`` is for people.

    ``field`` names the setting that is at fault, None where it is none.
    """

    message: str
    field: str | None = None


Request = Advance | Estimate | Forget | Who
Answer = Ready | Advanced | Weights | Failed

request_decoder: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request)
answer_decoder: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


def frame(message: Request | Answer) -> bytes:
    """A message with its length before it."""
    data = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(data)) + data
