"""A later training starts from the shipped weights: what they had learnt must still be there."""

from __future__ import annotations

import pytest
import torch

from framejam_pipeline.training.autoencoder import decode, deepen, encode, new_autoencoder
from framejam_pipeline.training.text import (
    Captions,
    encode_text,
    new_text_encoder,
    new_tokenizer,
    with_new_words,
)

OLD_WORDS = "a big red butterfly over a green meadow on the left"


def test_old_words_keep_their_meaning_when_the_vocabulary_grows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as before:
        before.setattr(
            "framejam_pipeline.training.text.all_words", lambda: tuple(sorted(OLD_WORDS.split()))
        )
        tokenizer = new_tokenizer()
    torch.manual_seed(0)
    model = new_text_encoder(tokenizer).eval()
    grown, renewed = with_new_words(model, tokenizer)
    assert len(renewed) > len(tokenizer)
    with torch.no_grad():
        then = encode_text(model, Captions(tokenizer).ids([OLD_WORDS]))
        now = encode_text(grown.eval(), Captions(renewed).ids([OLD_WORDS]))
    assert torch.equal(then, now)
    assert Captions(renewed).ids(["a rocket"]).shape == (1, 32)


def test_a_deeper_decoder_starts_as_the_same_function() -> None:
    torch.manual_seed(0)
    shallow = new_autoencoder((4, 3, 1)).eval()
    deep = deepen(shallow).eval()
    frames = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        latents = encode(shallow, frames)
        assert torch.equal(encode(deep, frames), latents)
        assert torch.equal(decode(deep, latents), decode(shallow, latents))
    assert sum(p.numel() for p in deep.parameters()) > sum(p.numel() for p in shallow.parameters())
