"""The motion modules: temporal attention over a clip, on top of the frozen per-frame UNet."""

from __future__ import annotations

import copy

from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel
from torch import nn

from framejam_pipeline.training.unet import SIZES
from framejam_pipeline.training.world import FRAMES


def new_adapter(size: str = "XS") -> MotionAdapter:
    """Untrained, with zeroed output projections: the clip is the frames, one by one."""
    adapter = MotionAdapter(
        block_out_channels=SIZES[size],
        motion_layers_per_block=1,
        motion_mid_block_layers_per_block=1,
        motion_num_attention_heads=4,
        motion_norm_num_groups=8,
        motion_max_seq_length=2 * FRAMES,
        use_motion_mid_block=True,
        conv_in_channels=None,
    )
    for name, module in adapter.named_modules():
        if name.endswith("proj_out") and isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
    return adapter


def motion_unet(unet: UNet2DConditionModel, adapter: MotionAdapter) -> UNetMotionModel:
    """A UNet over clips that shares no tensor with its two sources."""
    return UNetMotionModel.from_unet2d(copy.deepcopy(unet), copy.deepcopy(adapter))


def motion_modules(holder: UNetMotionModel | MotionAdapter) -> nn.ModuleList:
    """The temporal modules of a UNet or an adapter, in the same order for both; not copies."""
    blocks = [*holder.down_blocks, *holder.up_blocks, holder.mid_block]
    return nn.ModuleList([module for block in blocks for module in block.motion_modules])
