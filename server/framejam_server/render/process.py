"""The render worker's own process: ``python -m framejam_server.render.process``.

It holds the model and the takes, answers one request at a time on its pipes, and ends when the
server's end of the pipe closes (T6): a server that was killed leaves no worker behind.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import structlog

from framejam_protocol.fold.pairs import Pair
from framejam_server.render.pipe import (
    LENGTH,
    Advance,
    Advanced,
    Answer,
    Clip,
    Estimate,
    Failed,
    Forget,
    Ready,
    Weights,
    Who,
    frame,
    request_decoder,
)
from framejam_server.render.sheet import contact_sheets

if TYPE_CHECKING:
    from PIL import Image

    from framejam_pipeline.models.contract import VideoModel
    from framejam_pipeline.take import Entry, Reference, Take

TAKES_HELD = 16
"""Finished takes are let go of beyond this many: each keeps pictures, masks and latents."""

_DEVICE_LOST = ("CUDA error", "HIP error")
"""What torch says where this process cannot use a device any more."""

log = structlog.get_logger("framejam.worker")


class Takes:
    """The takes this worker holds, by the server's key.

    Takes that finished longest ago are dropped to save memory, but never their mappings: the
    server, which sends only what changes, does not see that a take is built again.
    """

    def __init__(self, model: VideoModel, blobs: Path, checkpoint_bytes: int) -> None:
        """``blobs`` is where uploaded images lie; ``checkpoint_bytes`` are for all takes."""
        from framejam_pipeline.checkpoint import CheckpointStore

        self._model = model
        self._blobs = blobs
        self._checkpoints = CheckpointStore(checkpoint_bytes)
        self._takes: OrderedDict[str, Take] = OrderedDict()  # least recently used first
        self._mappings: dict[str, dict[int, Entry]] = {}
        self._references: dict[str, dict[int, Reference]] = {}

    def forget(self, key: str) -> None:
        """Free a take, and what it was made from."""
        self._drop(key)
        self._mappings.pop(key, None)
        self._references.pop(key, None)

    def advance(self, request: Advance) -> Advanced:
        """Follow the changed mapping, then run one step, or decode the take that has run all.

        A step of a take that a lock holds (T11) is a turn of its own, too: the take itself then
        stands where it stood, and there are no sheets.
        Decoding is a turn of its own: whoever edits after the last step does not wait for it.
        """
        from framejam_pipeline.take import Reference

        if request.fresh:
            self.forget(request.key)
        take = self._take(request)
        mapping = self._mappings.setdefault(request.key, {})
        for seq in request.remove:
            mapping.pop(seq, None)
        mapping.update(_entries(request.add))
        references = self._references.setdefault(request.key, {})
        for seq in request.released:
            references.pop(seq, None)
        for seq, held in request.references.items():
            references[seq] = Reference(held.settings, _entries(held.pairs))
        take.follow(mapping, references)
        clip = None
        if take.done:
            frames = take.frames()
            count, height, width, _ = frames.shape
            clip = Clip(count, height, width, frames.tobytes(), take.digest())
        elif take.catch_up():
            return Advanced(take.position, {})
        else:
            frames = take.step()
        return Advanced(take.position, contact_sheets(frames, request.tiers), clip)

    def estimate(self, request: Estimate) -> Advanced:
        """Decode what the newest step of a take predicted; the take stands as it stood."""
        from framejam_pipeline.errors import NothingPredicted

        take = self._takes.get(request.key)
        if take is None:
            raise NothingPredicted("no step has run yet")
        return Advanced(take.position, contact_sheets(take.estimate(), request.tiers))

    def weigh(self, request: Who) -> Weights:
        """What the instructions of a mapping weigh on a point; every take stands as it stood."""
        from framejam_pipeline.take import Take

        take = self._takes.get(request.key)
        if take is None:
            take = Take(self._model, request.settings, self._image, self._checkpoints)
        return Weights(take.weights_at(request.frame, request.at, _entries(request.mapping)))

    def _take(self, request: Advance) -> Take:
        """The take that ``request`` is about, made where it is not held."""
        from framejam_pipeline.take import Take

        take = self._takes.get(request.key)
        if take is None:
            take = Take(self._model, request.settings, self._image, self._checkpoints)
            self._takes[request.key] = take
        self._takes.move_to_end(request.key)
        # Never one that runs: takes that run in turns would drop each other and never finish.
        done = [key for key, held in self._takes.items() if held.done and held is not take]
        for key in done[: max(len(self._takes) - TAKES_HELD, 0)]:
            self._drop(key)
        return take

    def _drop(self, key: str) -> None:
        take = self._takes.pop(key, None)
        if take is not None:
            take.forget()

    def _image(self, blob: str) -> Image.Image:
        from PIL import Image

        from framejam_pipeline.errors import ImageUnreadable

        try:
            return Image.open(self._blobs / blob[:2] / blob)
        except OSError as error:
            log.error("image not opened", error=str(error))
            raise ImageUnreadable(
                "the reference image is not there any more, or is no image: set another"
            ) from error


def _entries(pairs: dict[int, Pair]) -> dict[int, Entry]:
    """Pairs as the pipeline takes them."""
    from framejam_pipeline.take import Entry

    return {seq: Entry(pair.step, pair.instruction, pair.of) for seq, pair in pairs.items()}


def load_model(folder: Path | None, threads: int) -> tuple[VideoModel, Ready]:
    """Load the model in ``folder`` (None: the one that ships); torch is imported here at last.

    ``folder`` may be a checkpoint file in a folder with the model's other parts. Raises the
    pipeline's errors.
    """
    import torch

    torch.set_num_threads(threads)
    from framejam_pipeline.models.load import load_model as load

    model = load(folder)
    spec = model.spec
    ready = Ready(
        model=model.name,
        model_hash=model.hash,
        width=spec.width,
        height=spec.height,
        frames=spec.frames,
        steps=spec.video_steps,
        guidance=round(spec.video_guidance * 100),
        vocabulary=dict(spec.vocabulary),
        environment=model.environment(),
        size_multiple=spec.size_multiple,
        max_frames=spec.max_frames,
        schedulers=spec.schedulers,
        loras=spec.loras,
        take_bytes_fixed=spec.take_bytes_fixed,
        take_bytes_per_value=spec.take_bytes_per_value,
        latent_factor=spec.latent_factor,
        latent_channels=spec.latent_channels,
        take_bytes_per_pixel=spec.take_bytes_per_pixel,
    )
    return model, ready


def serve(requests: BinaryIO, answers: BinaryIO, takes: Takes) -> None:
    """Answer requests until the other end closes."""
    while True:
        head = requests.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return
        data = requests.read(LENGTH.unpack(head)[0])
        request = request_decoder.decode(data)
        if isinstance(request, Forget):
            takes.forget(request.key)
            continue
        answers.write(frame(_answer(takes, request)))
        answers.flush()


def _answer(takes: Takes, request: Advance | Estimate | Who) -> Answer:
    """What a request leads to; whatever it is, the worker goes on.

    An error of ours fails the take it came up in, which is forgotten as nobody knows what it left
    half done, and no other. Questions change nothing of a take. Only where the device is lost does
    the error pass through: everything after it fails as well, and the server starts another worker.
    """
    from framejam_pipeline.errors import PipelineError, UnsupportedSettings

    try:
        match request:
            case Advance():
                return takes.advance(request)
            case Estimate():
                return takes.estimate(request)
            case Who():
                return takes.weigh(request)
    except (PipelineError, MemoryError) as error:
        log.warning("request failed", key=request.key, error=str(error))
        if isinstance(request, Advance):
            takes.forget(request.key)
        field = error.field if isinstance(error, UnsupportedSettings) else None
        return Failed(str(error) or "the renderer has not enough free memory", field)
    except Exception as error:
        if any(said in str(error) for said in _DEVICE_LOST):
            raise
        # Without local variables, which are people's own: their words, and what they painted.
        log.error("request failed", key=request.key, traceback=traceback.format_exc())
        if isinstance(request, Advance):
            takes.forget(request.key)
        kind = type(error).__name__
        return Failed(f"the renderer made a mistake ({kind}); the server's log says where")


def main() -> None:
    """Run as a child of the server, on its standard input and output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--blobs", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--checkpoint-mib", type=int, required=True)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    # Libraries print; the pipe is ours alone, so their standard output becomes the error stream.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    from framejam_pipeline.errors import PipelineError

    try:
        model, ready = load_model(arguments.model, arguments.threads)
    except PipelineError as error:
        log.error("the model could not be loaded", error=str(error))
        sys.exit(1)
    try:
        answers.write(frame(ready))
        answers.flush()
        takes = Takes(model, arguments.blobs, arguments.checkpoint_mib * 2**20)
        serve(sys.stdin.buffer, answers, takes)
    except (BrokenPipeError, KeyboardInterrupt):
        return  # the server is gone, and so are we


if __name__ == "__main__":
    main()
