"""Settings of the server: ``FRAMEJAM_*`` in the environment, then ``framejam.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


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

    model: Path | None = None
    """A model folder in the layout of the embedded model; without it the one that ships."""

    steps: Annotated[int, Field(ge=1, le=200)] | None = None
    """Steps of a new session's takes; without it the model's default."""

    seed: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    """Seed of a new session; without it a random one."""

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
