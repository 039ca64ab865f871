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
from framejam_server.snapshots import SNAPSHOT_EVENTS


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

    database: Annotated[str | None, Field(pattern="^postgres(ql)?://", repr=False)] = None
    """``postgresql://user@host/database``: keep sessions in PostgreSQL, read as libpq reads it (a
    password belongs into ``PGPASSFILE``). One server at a time opens it. Without it they are in a
    SQLite file in ``data``; images are there in any case."""

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

    max_sessions: Annotated[int, Field(ge=1)] = 10_000
    """Sessions of this server (A4). New ones, branches and imports beyond are refused."""

    max_events: Annotated[int, Field(ge=1000, le=2**31)] = 1_000_000
    """Events of one session (A4). What would go beyond is refused; what is there stays."""

    max_takes: Annotated[int, Field(ge=1, le=2**31)] = 100_000
    """Finished clips recorded of one session (A4), each recomputable: the newest ones. Older ones
    can be computed again only from a bundle that was exported while they were recorded."""

    session_mib: Annotated[int, Field(ge=1, le=2**24)] = 512
    """MiB of images of one session (A4). Uploads beyond are refused."""

    images_mib: Annotated[int, Field(ge=1, le=2**30)] = 65_536
    """MiB of images of all sessions (A4). Uploads and imports beyond are refused."""

    track_previews: Annotated[int, Field(ge=300, le=10**6)] = 2000
    """Previews of the past kept of one session (R1), so that scrubbing shows them at once; where
    there are more, older ones are thinned out. What is not kept is computed again."""

    track_mib: Annotated[int, Field(ge=1, le=2**20)] = 64
    """MiB of previews of the past kept of one session (R1)."""

    retention_days: Annotated[int, Field(ge=2, le=36_500)] | None = None
    """Days after which a session that nobody has opened is deleted (A4), with everything in it:
    looked at when the server starts and every day. Without it sessions are kept."""

    snapshot_events: Annotated[int, Field(ge=10, le=2**31)] = SNAPSHOT_EVENTS
    """Events of a session after which the next snapshot of its state is written, a tenth of its log
    at least: a start folds what came since. Snapshots are an aid; without one all is folded."""

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
