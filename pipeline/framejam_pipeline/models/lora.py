"""LoRA files beside a model, applied by PEFT with weights that may change at every call.

A file is read when it is first asked for, so that one which does not fit this base costs whoever
asks for it an error and nobody else anything. Formats: diffusers and PEFT names, and those of
kohya's scripts, as diffusers converts them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils import (
    convert_state_dict_to_diffusers,
    convert_state_dict_to_peft,
    convert_unet_state_dict_to_peft,
    set_weights_and_activate_adapters,
)
from peft.tuners.tuners_utils import BaseTunerLayer

from framejam_pipeline.errors import ModelInvalid, UnsupportedSettings
from framejam_pipeline.models.contract import Loras
from framejam_pipeline.models.parts import file_digest, tensors

FOLDER: Final = "loras"
"""The folder in a model's folder that LoRA files lie in."""

_LONGEST_NAME = 80  # what settings can say


class LoraFiles:
    """The LoRAs of one model and the networks they change.

    ``networks`` are P_img's and P_video's UNets and the text encoder, by the names "image",
    "video" and "text". Not safe for use from several threads at a time.
    """

    def __init__(self, folder: Path, networks: Mapping[str, Any]) -> None:
        """Look at names and contents of ``folder``, which need not be there."""
        self.files = tuple(sorted(folder.glob("*.safetensors")))
        for file in self.files:
            if len(file.stem) > _LONGEST_NAME:
                raise ModelInvalid(f"{FOLDER}/{file.name}: give it a name of at most 80 letters")
        self.names = tuple(file.stem for file in self.files)
        self._digests = {file.stem: file_digest(file) for file in self.files}
        self._networks = dict(networks)
        self._inside: dict[str, set[str]] = {}  # network names by LoRA, of those that are loaded
        self._weights: dict[str, Loras | None] = dict.fromkeys(networks, ())

    def use(self, network: str, loras: Loras) -> Any:
        """Return the network by that name with exactly ``loras`` in force.

        Raises ``UnsupportedSettings`` for "loras" if a file does not fit, and changes nothing.
        """
        wanted = tuple(sorted((name, weight) for name, weight in loras if weight))
        for name, _ in wanted:
            self._load(name)
        here = tuple((name, weight) for name, weight in wanted if network in self._inside[name])
        chosen = self._networks[network]
        if here != self._weights[network]:
            self._weights[network] = None  # whatever it is, if this fails
            _switch(chosen, bool(here))
            if here:
                names = [self._adapter(name) for name, _ in here]
                set_weights_and_activate_adapters(
                    chosen, names, [weight / 100 for _, weight in here]
                )
            self._weights[network] = here
        return chosen

    def _adapter(self, name: str) -> str:
        """What PEFT knows a LoRA by: names of modules must not have dots."""
        return f"lora{self.names.index(name)}"

    def _load(self, name: str) -> None:
        if name in self._inside:
            return
        file = self.files[self.names.index(name)]
        try:
            if file_digest(file) != self._digests[name]:
                raise _unfit(name, "has changed since the model was loaded: restart the server")
            found = _weights(name, tensors(file, file.name), self._networks["image"].config)
        except (OSError, ModelInvalid) as error:
            raise _unfit(name, f"cannot be read: {error}") from error
        state, alphas = found
        parts = {
            "image": {key: value for key, value in state.items() if _is_unet(key, motion=False)},
            "video": {key: value for key, value in state.items() if _is_unet(key, motion=True)},
            "text": {key: value for key, value in state.items() if key.startswith("text_encoder.")},
        }
        if len(parts["video"]) + len(parts["text"]) < len(state):
            other = next(
                k for k in state if not _is_unet(k, motion=True) and k not in parts["text"]
            )
            raise _unfit(name, f"is for another base: this one has no place for {other}")
        parts = {network: part for network, part in parts.items() if part}
        for network, part in parts.items():
            _require_fit(name, network, self._networks[network], part)
        try:
            for network, part in parts.items():
                self._inject(name, network, part, alphas)
        except Exception as error:
            # What diffusers and PEFT raise is not listed anywhere, and they stop half way.
            for network in parts:
                self._take_out(name, network)
            if isinstance(error, MemoryError) or "memory" in str(error):
                raise  # no fault of the file
            raise _unfit(name, f"cannot be applied: {error}") from error
        self._inside[name] = set(parts)

    def _inject(self, name: str, network: str, part: dict[str, torch.Tensor], alphas: Any) -> None:
        """Put a LoRA that fits into a network, where it does nothing until it is used."""
        chosen = self._networks[network]
        mine = None if alphas is None else {k: v for k, v in alphas.items() if _of(k, part)}
        load = (
            StableDiffusionPipeline.load_lora_into_text_encoder
            if network == "text"
            else StableDiffusionPipeline.load_lora_into_unet
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PEFT warns of every LoRA after the first
            load(part, mine, chosen, adapter_name=self._adapter(name))
        chosen.to(next(chosen.parameters()).device).eval()
        self._rest(network)

    def _take_out(self, name: str, network: str) -> None:
        """Leave nothing of a LoRA in a network, however much of it there is."""
        chosen, adapter = self._networks[network], self._adapter(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PEFT warns where the active one is taken out
            for module in chosen.modules():
                if isinstance(module, BaseTunerLayer):
                    module.delete_adapter(adapter)
        getattr(chosen, "peft_config", {}).pop(adapter, None)
        self._rest(network)

    def _rest(self, network: str) -> None:
        """Let no LoRA of a network do anything: injecting makes one the active one.

        It also freezes the rest (see ``parts.ready``).
        """
        _switch(self._networks[network], False)
        self._networks[network].requires_grad_(True)
        self._weights[network] = ()


def _switch(network: Any, on: bool) -> None:
    """Let LoRA layers add to their base layers, or pass these through untouched."""
    for module in network.modules():
        if isinstance(module, BaseTunerLayer):
            module.enable_adapters(on)


def _weights(
    name: str, found: dict[str, torch.Tensor], config: Any
) -> tuple[dict[str, torch.Tensor], dict[str, float] | None]:
    """Names as diffusers has them, and the alphas of kohya's format."""
    if not any("lora" in key for key in found):
        raise _unfit(name, "is no LoRA: no tensor in it is named so")
    try:
        state, alphas = StableDiffusionPipeline.lora_state_dict(found, unet_config=config)
    except (ValueError, KeyError, IndexError) as error:
        raise _unfit(name, f"is for another base: {error}") from error
    return {key: value.float() for key, value in state.items()}, alphas


def _require_fit(name: str, network: str, module: Any, part: dict[str, torch.Tensor]) -> None:
    """Raise where a LoRA's matrices have no layer of their size in a network."""
    pairs: dict[str, dict[str, torch.Tensor]] = {}
    try:
        named = _peft_names(network, module, part)
    except (ValueError, KeyError) as error:
        raise _unfit(name, f"has names that are not understood: {error}") from error
    for key, value in named.items():
        layer, marker, _ = key.rpartition(".lora_")
        if marker and key.endswith(("A.weight", "B.weight")):
            pairs.setdefault(layer, {})[key[len(layer) + len(marker)]] = value
    for layer, pair in pairs.items():
        try:
            there = module.get_submodule(layer)
        except AttributeError:
            raise _unfit(name, f"is for another base: this one has no {layer}") from None
        # A layer that carries a LoRA already is wrapped; its weight shows through.
        outputs, inputs = there.weight.shape[:2]
        if set(pair) != {"A", "B"}:
            raise _unfit(name, f"is not whole: half of {layer} is missing")
        if pair["A"].shape[0] != pair["B"].shape[1]:
            raise _unfit(
                name,
                f"is not whole: the halves of {layer} have ranks of "
                f"{pair['A'].shape[0]} and {pair['B'].shape[1]}",
            )
        if pair["A"].shape[1] != inputs or pair["B"].shape[0] != outputs:
            raise _unfit(
                name,
                f"is for another base: its {layer} takes {pair['A'].shape[1]} inputs to "
                f"{pair['B'].shape[0]} outputs, here it is {inputs} to {outputs}",
            )


def _peft_names(
    network: str, module: Any, part: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    bare = {key.split(".", 1)[1]: value for key, value in part.items()}
    if network != "text":
        whole = any("lora_A" in key for key in bare)
        return bare if whole else dict(convert_unet_state_dict_to_peft(bare))
    named = convert_state_dict_to_peft(convert_state_dict_to_diffusers(bare))
    nested = hasattr(module, "text_model")
    return {key if nested else key.removeprefix("text_model."): v for key, v in named.items()}


def _is_unet(key: str, motion: bool) -> bool:
    """Whether a tensor belongs to the UNet; motion modules are in P_video only."""
    return key.startswith("unet.") and (motion or ".motion_modules." not in key)


def _of(alpha: str, part: dict[str, torch.Tensor]) -> bool:
    """Whether some tensor of ``part`` is scaled by an alpha, which is named as its layer."""
    layer = alpha.removesuffix(".alpha")
    return any(key.startswith(layer) for key in part)


def _unfit(name: str, reason: str) -> UnsupportedSettings:
    return UnsupportedSettings("loras", f"{name}.safetensors {reason}")
