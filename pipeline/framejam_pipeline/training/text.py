"""The tokenizer and the text encoder: a byte-level BPE and a two-layer CLIP text model."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import torch
from torch import nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from framejam_pipeline.training.budget import Budget
from framejam_pipeline.training.vocabulary import (
    BACKGROUND_NAMES,
    COLOURS,
    MOTIONS,
    PLACES,
    SIZES,
    SUBJECTS,
    Factors,
    all_words,
    caption,
)

TOKENS: Final = 32
"""Length of every token sequence; the longest caption of the world has 18 tokens."""

WIDTH: Final = 128
_BOS, _EOS = "<|startoftext|>", "<|endoftext|>"
_FACTOR_SIZES: Final = (
    len(SUBJECTS),
    len(COLOURS) + 1,
    len(BACKGROUND_NAMES),
    len(SIZES),
    len(PLACES),
    len(MOTIONS),
)


def new_tokenizer() -> CLIPTokenizer:
    """A CLIP tokenizer in which each word of the world is one token, any other text is bytes."""
    merges = learn_merges(all_words())
    letters = _byte_letters()
    tokens = [*letters, *(letter + "</w>" for letter in letters)]
    tokens += [left + right for left, right in merges]
    tokens += [_BOS, _EOS]
    vocabulary = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=TOKENS)


def learn_merges(words: Sequence[str]) -> list[tuple[str, str]]:
    """Byte-pair merges, most frequent pair first, until every word is one token."""
    spellings = [[*word[:-1], word[-1] + "</w>"] for word in words]
    merges: list[tuple[str, str]] = []
    while True:
        pairs = Counter(pair for spelling in spellings for pair in pairwise(spelling))
        if not pairs:
            return merges
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        spellings = [_merge(spelling, best) for spelling in spellings]


def _merge(spelling: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    for part in spelling:
        if merged and (merged[-1], part) == pair:
            merged[-1] += part
        else:
            merged.append(part)
    return merged


def _byte_letters() -> list[str]:
    """The 256 printable stand-ins for bytes that GPT-2's byte-level BPE introduced."""
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


class Captions:
    """Turns captions into token ids, remembering the ids of each word."""

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        self.tokenizer = tokenizer
        self.bos = int(tokenizer.bos_token_id)
        self.eos = int(tokenizer.eos_token_id)
        self.of_word = lru_cache(maxsize=4096)(self._encode_word)

    def _encode_word(self, word: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(word, add_special_tokens=False)["input_ids"])

    def ids(self, texts: Sequence[str]) -> torch.Tensor:
        """Token ids (n, 32), padded with the end token as CLIP does."""
        rows = []
        for text in texts:
            row = [token for word in text.split() for token in self.of_word(word)][: TOKENS - 2]
            rows.append([self.bos, *row] + [self.eos] * (TOKENS - 1 - len(row)))
        return torch.tensor(rows)


def new_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Untrained: two layers of width 128 and four heads, 32 tokens."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    return CLIPTextModel(config)


def with_new_words(
    model: CLIPTextModel, tokenizer: CLIPTokenizer
) -> tuple[CLIPTextModel, CLIPTokenizer]:
    """The same encoder for the vocabulary's present words.

    Tokens that ``tokenizer`` knew keep what ``model`` had learnt of them, whatever their new
    number; new ones start untrained.
    """
    renewed = new_tokenizer()
    words, before = renewed.get_vocab(), tokenizer.get_vocab()
    result = new_text_encoder(renewed)
    state = model.state_dict()
    name = next(key for key in state if key.endswith("token_embedding.weight"))
    embeddings = result.state_dict()[name]
    for token, number in words.items():
        if token in before:
            embeddings[number] = state[name][before[token]]
    result.load_state_dict({**state, name: embeddings})
    return result, renewed


def encode_text(model: CLIPTextModel, ids: torch.Tensor) -> torch.Tensor:
    """States (n, 32, 128) of token ids (n, 32)."""
    states: torch.Tensor = model(input_ids=ids).last_hidden_state
    return states


def random_factors(rng: random.Random) -> Factors:
    """Any combination of factors, for training text alone."""
    return Factors(*(rng.randrange(size) for size in _FACTOR_SIZES))


_KEEP: Final = 20.0
"""Weight of the old states' mean squared error beside the factors' cross-entropies."""


class Known:
    """What an encoder made of its own words, as something to keep."""

    def __init__(self, model: CLIPTextModel, tokenizer: CLIPTokenizer) -> None:
        self.model = model.eval().requires_grad_(False)
        self.captions = Captions(tokenizer)

    def distance(self, states: torch.Tensor, texts: Sequence[str]) -> torch.Tensor:
        """Mean squared distance of ``states`` (n, 32, 128) from the old ones of ``texts``.

        Only texts count whose every word was one token before.
        """
        rows = [row for row, text in enumerate(texts) if self._knows(text)]
        if not rows:
            return states.new_zeros(())
        ids = self.captions.ids([texts[row] for row in rows]).to(states.device)
        with torch.no_grad():
            before = encode_text(self.model, ids)
        return functional.mse_loss(states[rows], before)

    def _knows(self, text: str) -> bool:
        return all(len(self.captions.of_word(word)) == 1 for word in text.split())


def train(
    model: CLIPTextModel,
    captions: Captions,
    device: torch.device,
    seed: int,
    seconds: float,
    max_steps: int | None = None,
    known: Known | None = None,
) -> float:
    """Teach the encoder to tell a caption's factors from its last state.

    A minute of this spares the UNet's training the slow start in which captions mean nothing.
    With ``known``, captions of old words keep their states, so that a trained UNet still reads
    them and only new words have to find their place.
    Returns the last batch's share of factors told right; unsaid ones can only be guessed.
    """
    rng = random.Random(seed)
    heads = nn.Linear(WIDTH, sum(_FACTOR_SIZES)).to(device)
    model.to(device).train()
    optimiser = torch.optim.AdamW([*model.parameters(), *heads.parameters()], lr=1e-3)
    clock = Budget(seconds, max_steps)
    right = 0.0
    while not clock.spent():
        factors = [random_factors(rng) for _ in range(64)]
        texts = [caption(f, rng, motion_chance=0.9) for f in factors]
        ids = captions.ids(texts).to(device)
        truth = torch.tensor([list(vars(f).values()) for f in factors], device=device)
        states = encode_text(model, ids)
        logits = heads(states[:, -1]).split(_FACTOR_SIZES, dim=1)
        losses = [functional.cross_entropy(part, truth[:, i]) for i, part in enumerate(logits)]
        if known is not None:
            losses.append(_KEEP * known.distance(states, texts))
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(losses).sum())
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * clock.rate()
        optimiser.step()
        clock.tick()
        hits = [(part.argmax(1) == truth[:, i]).float().mean() for i, part in enumerate(logits)]
        right = float(torch.stack(hits).mean())
    return right
