"""What can go wrong in the pipeline, as types, so that a worker can tell faults apart."""

from __future__ import annotations


class PipelineError(Exception):
    """Base of every error the pipeline raises on purpose."""


class ModelNotFound(PipelineError):
    """A model's folder, or a part of it, is not on this machine. Nothing is ever downloaded."""


class ModelInvalid(PipelineError):
    """A model's folder is there but cannot be used: wrong sizes, unreadable or unsupported."""


class UnsupportedSettings(PipelineError):
    """The model cannot make what the settings ask for. ``field`` names the setting."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class ImageUnreadable(PipelineError):
    """A reference image could not be decoded, or not within the limits."""


class NotFinite(PipelineError):
    """A step produced NaN or infinity. The take stands where it stood before that step."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"step {step}: the {what} holds NaN or infinity")
        self.step = step


class CheckpointInvalid(PipelineError):
    """A checkpoint does not fit the loop it was to be restored into. Start from the noise."""

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"the checkpoint of step {step} {reason}")
        self.step = step


class OutOfMemory(PipelineError):
    """There is not enough memory, checkpoints of other takes given up, to go on with a take.

    The take stands where it stood and can be tried again.
    """

    def __init__(self, doing: str) -> None:
        super().__init__(
            f"{doing}: the machine has not enough free memory; try again when less is running, "
            "or with fewer frames or a smaller picture"
        )


class TakeUnfinished(PipelineError):
    """Final frames were asked of a take that still has steps to run."""


class NothingPredicted(PipelineError):
    """An estimate was asked of a take that has not run a step since it started or went back."""


class TakeFinished(PipelineError):
    """A step was asked of a take that has run all of its steps."""
