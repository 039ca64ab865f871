"""How much memory a model needs, computed from its shapes before any of it is used.

A forward is run with torch's fake tensors, which have sizes and no contents, and what is alive
at each moment is counted: what eager execution holds, without the scratch space of single kernels
and without what an allocator keeps back. Clips of two and four frames make a straight line, of the
smallest picture the network can run: what grows with frames alone, such as texts, weighs most
there, so larger pictures need no more a value. For Stable Diffusion 1.5 it takes a few seconds.
"""

from __future__ import annotations

import json
import math
import weakref
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Final

import diffusers
import torch
from diffusers import UNetMotionModel
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from framejam_pipeline import remembered
from framejam_pipeline.models.schedulers import TENSORS_KEPT

_TEXTS: Final = 16 * 2**20
"""Bytes a take keeps of encoded texts: of 32, as Stable Diffusion has them, 8 MiB."""

_REMEMBERED: Final = 16 * 24
"""Bytes a value for what a take remembers: of 16 conditions the image, target and weights."""


def kept_per_value(steps: int) -> int:
    """Bytes that a take of ``steps`` keeps for every value of its latents.

    fp32 latents, checkpoints of all steps under the scheduler that keeps most, and what is
    remembered of conditions.
    """
    return 4 + 4 * TENSORS_KEPT * steps + _REMEMBERED


def kept_fixed() -> int:
    """Bytes that a take keeps whatever its size."""
    return remembered.FIXED + _TEXTS


def kept_per_pixel() -> int:
    """Bytes that a take keeps for every pixel of every frame: of pictures and what moves them."""
    return remembered.PER_PIXEL


def working_line(video: Any, vae: Any, tokens: int) -> tuple[int, int]:
    """Return (fixed bytes, bytes a value of the latents) of what a step or decoding needs.

    ``video`` is a ``UNetMotionModel`` and ``vae`` an autoencoder of diffusers, of which only the
    configs are looked at; ``tokens`` is the length of the texts. A step is one guided forward.
    """
    return _working_line(_sizes(video), type(vae).__name__, _sizes(vae), tokens)


def _sizes(network: Any) -> str:
    """A network's config without where it came from."""
    config = {name: value for name, value in network.config.items() if not name.startswith("_")}
    return json.dumps(config, sort_keys=True)


@lru_cache(maxsize=4)
def _working_line(unet_config: str, vae_kind: str, vae_config: str, tokens: int) -> tuple[int, int]:
    """As ``working_line``: a pure function of two configs, which takes seconds."""
    config = json.loads(unet_config)
    side = 2 ** (len(config["block_out_channels"]) - 1)
    channels = config["out_channels"]

    def step(frames: int) -> Any:
        sample = torch.zeros((2, config["in_channels"], frames, side, side))
        text = torch.zeros((2 * frames, tokens, config["cross_attention_dim"]))
        return unet(sample, torch.tensor(1), encoder_hidden_states=text)

    def decode(frames: int) -> Any:
        return decoder.decode(torch.zeros((frames, channels, side, side)))

    with FakeTensorMode():
        unet = UNetMotionModel.from_config(config).eval()
        decoder = getattr(diffusers, vae_kind).from_config(json.loads(vae_config)).eval()
        lines = [_line(run, channels * side * side) for run in (step, decode)]
    fixed, per_value = zip(*lines, strict=True)
    return max(fixed), max(per_value)


def _line(run: Callable[[int], Any], values: int) -> tuple[int, int]:
    """The line through ``run`` with 2 and 4 frames of ``values`` values each, rounded up."""
    few, more = (peak(partial(run, frames)) for frames in (2, 4))
    per_value = math.ceil((more - few) / (2 * values))
    return max(few - per_value * 2 * values, 0), per_value


def peak(run: Callable[[], Any]) -> int:
    """Most bytes that tensors made in ``run`` held at one time."""
    alive = _Alive()
    with torch.no_grad(), alive:
        run()
    return alive.most


# torch gives this class no types.
class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of storages from the operation that makes them until they are freed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._now = 0
        self._known: Any = WeakIdKeyDictionary()
        self.most: int = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        for given in tree_leaves((arguments, options)):
            if isinstance(given, torch.Tensor):
                self._known.setdefault(given.untyped_storage(), True)
        result = function(*arguments, **(options or {}))
        for made in tree_leaves(result):
            if isinstance(made, torch.Tensor):
                self._count(made.untyped_storage())
        return result

    def _count(self, storage: Any) -> None:
        if storage in self._known:
            return  # a view, an operation in place, or something of a weight
        self._known[storage] = True
        size = storage.nbytes()
        self._now += size
        self.most = max(self.most, self._now)
        weakref.finalize(storage, self._free, size)

    def _free(self, size: int) -> None:
        self._now -= size
