"""Settings of the server: ``FRAMEJAM_*`` in the environment, then ``framejam.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from framejam_protocol.limits import (
    EDITS_PER_SECOND,
    FAILED_TOKENS_PER_MINUTE,
    MAX_EDITS_PER_SECOND,
    MAX_UNAUTHENTICATED_PER_ADDRESS,
)
from framejam_server.render.memory import TAKES_MIB


class Config(BaseSettings):
    """Everything ``framejam serve`` can be told. Command-line options win over all of it."""

    model_config = SettingsConfigDict(
        env_prefix="FRAMEJAM_", toml_file="framejam.toml", extra="forbid"
    )

    host: str = "127.0.0.1"
    """The address to listen on. Others than loopback put the server on your network."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    """0 takes a free one; the ready line tells which."""

    data: Path = Path("data")
    """The folder of the database and the images; one server at a time opens it."""

    public_url: str = ""
    """What links begin with where people reach the server under another name."""

    allowed_origins: frozenset[str] = frozenset()
    """Origins besides the server's own whose pages may open sockets (A2)."""

    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads of the model. A take is only comparable with takes of the same number (T2)."""

    checkpoint_mib: Annotated[int, Field(ge=0, le=2**20)] = 512
    """MiB of checkpoints kept for all takes together. With less, an edit or undo of a step long
    past runs more steps again; what comes out is the same."""

    takes_mib: Annotated[int, Field(ge=1, le=2**24)] = TAKES_MIB
    """MiB for takes and looks that the renderer holds at one time, the model's weights not counted.
    Settings of which one take needs more are refused; takes that find no room wait."""

    model: Path | None = None
    """A model: a folder, or a checkpoint file in a folder with its other parts (docs/models.md);
    without it the one that ships."""

    steps: Annotated[int, Field(ge=1, le=200)] | None = None
    """Steps of a new session's takes; without it the model's default."""

    quality: Literal["live", "fine"] = "live"
    """Steps of a new session's takes where ``steps`` does not say: ``live`` is the model's own few,
    ``fine`` three times as many, for clips one waits for."""

    seed: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    """Seed of a new session; without it a random one."""

    edits_per_second: Annotated[int, Field(ge=1, le=MAX_EDITS_PER_SECOND)] = EDITS_PER_SECOND
    """Edits of one person; a session takes those of ten. Five seconds' worth may come at once."""

    hellos_per_address: Annotated[int, Field(ge=1)] = MAX_UNAUTHENTICATED_PER_ADDRESS
    """Sockets of one address that may wait to say hello. Behind a proxy all people have its
    address: set it to 64 there."""

    failed_tokens_per_minute: Annotated[int, Field(ge=1)] = FAILED_TOKENS_PER_MINUTE
    """Wrong tokens of one address, before it has to wait; more where all come through a proxy."""

    metrics: Literal["local", "all", "off"] = "local"
    """Who may read ``/metrics``: ``local`` is this machine, and not through a proxy that says
    so (X-Forwarded-For and the like); ``all`` whoever reaches the port; ``off`` nobody. Behind a
    proxy that does not say so choose ``off``."""

    log_format: Annotated[str, Field(pattern="^(text|json)$")] = "text"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options, then environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
