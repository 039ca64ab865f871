"""What a family of models is held against: call these from a test of its own.

    @pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__)
    def test_my_family_keeps_the_contract(clause):
        clause(MyFamily.load(FOLDER))

Each clause takes a loaded model and raises ``ContractBroken``, which says what is wrong, or
returns. They use small clips and few steps; with tiny weights all of them take seconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch

from framejam_pipeline.checkpoint import CheckpointStore
from framejam_pipeline.entries import Entry
from framejam_pipeline.errors import UnsupportedSettings
from framejam_pipeline.models.contract import Loras, VideoConditions, VideoModel
from framejam_pipeline.models.memory import peak
from framejam_pipeline.prediction import Prediction
from framejam_pipeline.take import Take
from framejam_protocol.instructions import Content, Image, Paint, Settings

Clause = Callable[[VideoModel], None]

_STEPS: Final = 4
_BLOB: Final = "0" * 64
_STEP_COUNTS: Final = (1, 2, 7, 25, 61, 200)
_ALIKE: Final = 1e-3
"""Sums in another order differ by less, relative to the largest value; wrong ones by more."""


class ContractBroken(AssertionError):
    """A model breaks a clause of the contract; ``clause`` is the name of the function here."""

    def __init__(self, clause: str, what: str) -> None:
        super().__init__(f"{clause}: {what}")
        self.clause = clause


def spec(model: VideoModel) -> None:
    """Sizes and defaults fit each other, and settings they do not allow are refused by field."""
    broken, sizes = _clause("spec"), model.spec
    broken(1 <= len(model.name) <= 80, "the name has 1 to 80 letters")
    broken(re.fullmatch("[0-9a-f]{64}", model.hash) is not None, "hash is a SHA-256 in hexadecimal")
    broken(sizes.size_multiple % sizes.latent_factor == 0, "size_multiple is whole latent cells")
    for side in (sizes.width, sizes.height):
        broken(side % sizes.size_multiple == 0, "width and height are multiples of size_multiple")
    broken(1 <= sizes.frames <= sizes.max_frames, "frames are at most max_frames")
    broken(sizes.frame_stride == 1, "the pipeline decodes frame by frame: frame_stride is 1")
    for steps in (sizes.image_steps, sizes.video_steps):
        broken(1 <= steps <= 200, "steps are 1 to 200")
    broken(len(set(sizes.schedulers)) == len(sizes.schedulers) > 0, "schedulers are named, once")
    broken(len(set(sizes.loras)) == len(sizes.loras), "loras are named once")
    settings = _settings(model)
    sizes.require(settings)
    refused: list[tuple[str, Any]] = [
        ("width", settings.width + 1),
        ("height", settings.height + 1),
        ("scheduler", "no such scheduler"),
        ("loras", (("no such lora", 100),)),
    ]
    for field, value in refused:
        found = _refusal(partial(sizes.require, _settings(model, **{field: value})))
        broken(found == field, f"require refuses {field}={value!r} by that field")


def text(model: VideoModel) -> None:
    """Texts of any length become states of one shape."""
    broken = _clause("text")
    shapes = set()
    for said in ("", "a red fish", "a red fish " * 200, "魚 ぎょ 🐟"):
        states = model.encode_text(said)
        _plain(broken, states, "encode_text", model)
        broken(states.ndim == 3 and states.shape[0] == 1, "a text becomes (1, tokens, d)")
        shapes.add(tuple(states.shape))
    broken(len(shapes) == 1, f"all texts have one shape, not {sorted(shapes)}")


def pictures(model: VideoModel) -> None:
    """Pictures become latents of the promised shape and pictures again."""
    broken, settings = _clause("pictures"), _settings(model)
    channels, _, rows, columns = model.spec.latent_shape(settings)
    clip = np.stack(_pictures(settings, 2))
    one, several = model.encode_image(clip[0]), model.encode_clip(clip)
    for latents, count, name in ((one, 1, "encode_image"), (several, 2, "encode_clip")):
        _plain(broken, latents, name, model)
        broken(
            latents.shape == (count, channels, rows, columns),
            f"{name} gives {(count, channels, rows, columns)}, not {tuple(latents.shape)}",
        )
    broken(_alike(several[:1], one), "a clip is encoded as its frames are")
    for name, decode in (("decode", model.decode), ("project", model.project)):
        found = decode(several)
        _plain(broken, found, name, model)
        wanted = (2, 3, settings.height, settings.width)
        broken(found.shape == wanted, f"{name} gives {wanted}, not {tuple(found.shape)}")


def preview(model: VideoModel) -> None:
    """``project`` shows roughly what ``decode`` does: better than one colour for each picture."""
    broken, settings = _clause("preview"), _settings(model)
    latents = torch.cat([model.encode_image(one) for one in _pictures(settings, 6)])
    decoded = torch.cat([model.decode(one) for one in torch.split(latents, 1)])
    flat = decoded.mean(dim=(2, 3), keepdim=True)
    missed = float((model.project(latents) - decoded).square().mean())
    spread = float((flat - decoded).square().mean())
    broken(missed < spread, f"project misses decode by {missed:.3g}, a flat colour by {spread:.3g}")


def denoisers(model: VideoModel) -> None:
    """Both denoisers give fp32 outputs of the latents' shape, guided and not."""
    broken = _clause("denoisers")
    inputs = _Inputs(model)
    for texts in (1, 2):
        conditions = inputs.conditions(texts)
        image = model.predict_image(inputs.picture, inputs.timestep, conditions.text)
        video = model.predict_video(inputs.clip, inputs.timestep, conditions)
        for name, found, given in (("image", image, inputs.picture), ("video", video, inputs.clip)):
            _plain(broken, found, f"predict_{name}", model)
            wanted = (texts, *given.shape[1:])
            broken(
                found.shape == wanted, f"predict_{name}: {tuple(found.shape)} where {wanted} is due"
            )
        if texts == 2:
            alone = model.predict_video(inputs.clip, inputs.timestep, inputs.conditions(1))
            broken(_alike(video[1:], alone), "texts in a batch do not change each other's output")
    _looks_at_the_image(broken, model, inputs)


def pure(model: VideoModel) -> None:
    """Equal arguments give equal bits, whatever came between; nobody writes into arguments."""
    broken = _clause("pure")
    inputs = _Inputs(model)
    picture = _pictures(_settings(model), 1)[0]
    conditions = inputs.conditions(2)
    calls: dict[str, Callable[[], torch.Tensor]] = {
        "encode_text": lambda: model.encode_text("a red fish"),
        "encode_image": lambda: model.encode_image(picture),
        "decode": lambda: model.decode(inputs.picture),
        "project": lambda: model.project(inputs.picture),
        "affinity": lambda: model.affinity(3, "a fish", "moving"),
        "predict_image": lambda: model.predict_image(
            inputs.picture, inputs.timestep, conditions.text
        ),
        "predict_video": lambda: model.predict_video(inputs.clip, inputs.timestep, conditions),
    }
    given = [value.clone() for value in inputs.all(conditions)]
    pixels = picture.copy()
    first = {name: call() for name, call in calls.items()}
    kept = {name: value.clone() for name, value in first.items()}
    for value in first.values():
        value.mul_(0.5)  # what is returned belongs to the caller
    for name, call in calls.items():
        broken(torch.equal(call(), kept[name]), f"{name} gives other bits the second time")
    same = all(torch.equal(a, b) for a, b in zip(given, inputs.all(conditions), strict=True))
    broken(same and np.array_equal(picture, pixels), "arguments are as they were")
    alike = model.affinity(3, "a fish", "moving")
    broken(
        alike.shape == (3,) and bool(((alike >= 0) & (alike <= 1)).all()),
        "affinity is (F,), 0 to 1",
    )


def schedulers(model: VideoModel) -> None:
    """Every scheduler offered runs exactly the steps asked for, and reads as the spec says."""
    broken = _clause("schedulers")
    for name in model.spec.schedulers:
        for steps in _STEP_COUNTS:
            made = model.make_scheduler(steps, name)
            broken(
                len(made.timesteps) == steps, f"{name} has {len(made.timesteps)} of {steps} steps"
            )
            kind = str(made.config.get("prediction_type", "flow_prediction"))
            broken(
                kind == model.spec.prediction, f"{name} reads {kind}, not {model.spec.prediction}"
            )
            levels = [Prediction.at(made, index) for index in range(steps)]
            readable = all(0 <= one.signal <= 1 and 0 < one.noise <= 1 for one in levels)
            broken(readable, f"{name}: noise levels lie in (0, 1]")
        one = model.make_scheduler(_STEPS, name)
        broken(one is not model.make_scheduler(_STEPS, name), f"{name} is made anew at each call")
    default, first = model.make_scheduler(7, ""), model.make_scheduler(7, model.spec.schedulers[0])
    broken(
        type(default) is type(first) and torch.equal(default.timesteps, first.timesteps),
        'without a name ("") it is the first offered',
    )
    found = _refusal(lambda: model.make_scheduler(7, "no such scheduler"))
    broken(found == "scheduler", "an unknown scheduler is refused by that field")


def rewinds(model: VideoModel) -> None:
    """Under every scheduler a take that went elsewhere and back equals one that never did (T4)."""
    broken = _clause("rewinds")
    for name in model.spec.schedulers:
        straight = _run(_take(model, name), _BASE)
        routed = _run(_take(model, name), {**_BASE, 9: Entry(2, _STROKE)})
        changed = routed.digest()
        broken(changed != straight.digest(), f"{name}: a stroke at step 2 changes the clip")
        broken(
            _run(routed, _BASE).digest() == straight.digest(),
            f"{name}: after its undo it is as before",
        )
        broken(
            bool(torch.isfinite(straight.latents()).all()), f"{name}: latents are finite to the end"
        )


def memory(model: VideoModel) -> None:
    """The memory it says a take keeps and a step needs is not less than what they do."""
    broken, settings = _clause("memory"), _settings(model)
    steps, most = model.spec.video_steps, settings.frames
    for name in model.spec.schedulers:
        kept = {frames: _kept(model, name, frames) for frames in (1, most)}
        values, bytes_kept = kept[most]
        needed = 4 * values + bytes_kept * steps
        said = model.spec.take_bytes(_settings(model, steps=steps))
        broken(said >= needed, f"take_bytes says {said}, under {name} a take keeps {needed}")
        # Of a larger clip the fixed part is little: what counts there is the bytes a value.
        if most > 1:
            grows = 4 + steps * (bytes_kept - kept[1][1]) / (values - kept[1][0])
            slope = model.spec.take_bytes_per_value
            broken(slope >= grows, f"take_bytes grows by {slope} a value, under {name} by {grows}")
    inputs = _Inputs(model)
    conditions = inputs.conditions(2)
    needed = max(
        peak(lambda: model.predict_video(inputs.clip, inputs.timestep, conditions)),
        peak(lambda: model.decode(inputs.clip[0].transpose(0, 1))),
    )
    said = model.spec.working_bytes(settings)
    broken(said >= needed, f"working_bytes says {said}, a step needs {needed}")


def loras(model: VideoModel) -> None:
    """LoRA weights act at once, leave nothing behind and fail alone. Without LoRAs it holds."""
    broken = _clause("loras")
    inputs = _Inputs(model)

    def predicted(weights: Loras) -> list[torch.Tensor]:
        states = model.encode_text("a red fish", loras=weights)
        conditions = inputs.conditions(2, weights)
        return [
            states,
            model.predict_image(inputs.picture, inputs.timestep, conditions.text, loras=weights),
            model.predict_video(inputs.clip, inputs.timestep, conditions),
        ]

    plain = predicted(())
    fit = []
    for name in model.spec.loras:
        refused = _refusal(partial(predicted, ((name, 100),)))
        broken(refused in (None, "loras"), f"{name} that does not fit is refused as loras")
        fit += [name] if refused is None else []
        broken(_all_equal(predicted(()), plain), f"after {name} the model is as before")
    for name in fit:
        whole = predicted(((name, 100),))
        broken(not _all_equal(whole, plain), f"{name} changes something")
        broken(not _all_equal(predicted(((name, 50),)), whole), f"half of {name} is not all of it")
        broken(_all_equal(predicted(((name, 100),)), whole), f"{name} gives equal bits again")
        broken(_all_equal(predicted(((name, 0),)), plain), f"{name} at 0 is none")
    if len(fit) > 1:
        both = tuple((name, 100) for name in fit)
        broken(_all_equal(predicted(both), predicted(both[::-1])), "the order means nothing")
    wrong = _refusal(lambda: predicted((("no such lora", 100),)))
    broken(wrong == "loras", "a LoRA that is not there is refused as loras")


CLAUSES: Final[tuple[Clause, ...]] = (
    spec,
    text,
    pictures,
    preview,
    denoisers,
    pure,
    schedulers,
    rewinds,
    memory,
    loras,
)
"""Every clause, the cheapest first."""

_STROKE: Final = Paint(points=((9000, 9000), (40000, 40000)), color="#ff00ff", width=20000)
_BASE: Final = {1: Entry(0, Content("a fish")), 2: Entry(0, Image(_BLOB))}


class _Inputs:
    """Seeded arguments of both denoisers, for the small clip of ``_settings``."""

    def __init__(self, model: VideoModel) -> None:
        channels, frames, rows, columns = model.spec.latent_shape(_settings(model))
        generator = torch.Generator().manual_seed(1)

        def drawn(*shape: int) -> torch.Tensor:
            return torch.randn(shape, generator=generator).to(model.device)

        self.clip = drawn(1, channels, frames, rows, columns)
        self.picture = drawn(1, channels, rows, columns)
        self.image = drawn(1, channels, rows, columns)
        self.affinity = torch.linspace(1.0, 0.5, frames).to(model.device)
        self.timestep = model.make_scheduler(_STEPS, "").timesteps[1]
        self._said = torch.cat([model.encode_text(""), model.encode_text("a red fish")])

    def conditions(self, texts: int, weights: Loras = ()) -> VideoConditions:
        """Conditions of one text, or of two for guidance."""
        return VideoConditions(self._said[-texts:], self.image, self.affinity, weights)

    def all(self, conditions: VideoConditions) -> list[torch.Tensor]:
        """Everything that goes into the denoisers."""
        return [self.clip, self.picture, self.timestep, conditions.text, self.image, self.affinity]


def _looks_at_the_image(
    broken: Callable[[bool, str], None], model: VideoModel, inputs: _Inputs
) -> None:
    """Whether P_video looks at the intermediate image is what the spec says."""
    usual = inputs.conditions(1)
    other = VideoConditions(usual.text, usual.image + 1.0, usual.affinity)
    one, another = (
        model.predict_video(inputs.clip, inputs.timestep, each) for each in (usual, other)
    )
    looks = not torch.equal(one, another)
    broken(
        looks == model.spec.image_condition, f"image_condition is {looks}, the spec says otherwise"
    )
    frames = len(usual.affinity)
    each = VideoConditions(usual.text, usual.image.repeat(frames, 1, 1, 1), usual.affinity)
    same = _alike(model.predict_video(inputs.clip, inputs.timestep, each), one)
    broken(same, "one image for all frames is the same as that image for each")


def _settings(model: VideoModel, **changes: Any) -> Settings:
    """A small clip, wider than high."""
    sizes = model.spec
    side = sizes.size_multiple * math.ceil(8 / sizes.size_multiple)
    usual: dict[str, Any] = {
        "model": model.name,
        "seed": 7,
        "steps": _STEPS,
        "frames": min(3, sizes.max_frames),
        "width": 2 * side,
        "height": side,
        "fps": 8,
        "guidance": round(sizes.video_guidance * 100),
    }
    return Settings(**{**usual, **changes})


def _pictures(settings: Settings, count: int) -> list[npt.NDArray[np.uint8]]:
    """Pictures with large soft shapes, which any autoencoder should keep."""
    rows = np.linspace(0, 1, settings.height)[:, None]
    columns = np.linspace(0, 1, settings.width)[None]
    made = []
    for number in range(count):
        waves = [np.sin(3 * columns + 2 * rows * c + number * (c + 1)) for c in range(3)]
        made.append(np.stack([(127.5 + 120 * wave) for wave in waves], axis=-1).astype(np.uint8))
    return made


def _take(model: VideoModel, scheduler: str) -> Take:
    settings = _settings(model, scheduler=scheduler)
    picture = PIL.Image.fromarray(_pictures(settings, 1)[0])
    return Take(model, settings, lambda blob: picture)


def _kept(model: VideoModel, scheduler: str, frames: int) -> tuple[int, int]:
    """Values of the latents, and bytes of the largest checkpoint, of a clip of some frames."""
    settings, store = _settings(model, scheduler=scheduler, frames=frames), CheckpointStore(2**40)
    picture = PIL.Image.fromarray(_pictures(settings, 1)[0])
    take = _run(Take(model, settings, lambda blob: picture, store), _BASE)
    checkpoints = [store.newest(take, step) for step in store.steps(take)]
    return take.latents().numel(), max(one.nbytes for one in checkpoints if one is not None)


def _run(take: Take, mapping: dict[int, Entry]) -> Take:
    take.follow(mapping)
    while not take.done:
        take.step()
    return take


def _clause(name: str) -> Callable[[bool, str], None]:
    """Returns ``broken(holds, what)``, which raises for the clause unless it holds."""

    def broken(holds: bool, what: str) -> None:
        if not holds:
            raise ContractBroken(name, what)

    return broken


def _plain(
    broken: Callable[[bool, str], None], value: torch.Tensor, name: str, model: VideoModel
) -> None:
    broken(value.dtype == torch.float32, f"{name} gives fp32, not {value.dtype}")
    broken(value.device.type == model.device.type, f"{name} gives it on {model.device}")
    broken(not value.requires_grad, f"{name} runs without gradients")
    broken(bool(torch.isfinite(value).all()), f"{name} gives finite numbers")


def _alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    return float((one - other).abs().max()) <= _ALIKE * float(other.abs().max().clamp(min=1e-6))


def _all_equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def _refusal(run: Callable[[], Any]) -> str | None:
    """The field that ``run`` refuses, None if it runs."""
    try:
        run()
    except UnsupportedSettings as error:
        return error.field
    return None
