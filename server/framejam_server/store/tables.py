"""The declared tables. Migrations must produce exactly this schema (a test compares them).

Whatever belongs to a session has a column ``session``: deleting one (A4) goes by it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("epoch", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("name", String(80), nullable=True),
    # No foreign key: a branch outlives what it came from.
    Column("origin", String(64), nullable=True),
    Column("origin_seq", BigInteger, nullable=True),
)

events = Table(
    "events",
    metadata,
    Column("session", String(64), ForeignKey("sessions.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    # The whole event as MessagePack; what is beside it is there to be asked for.
    Column("event", LargeBinary, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("author", String(64), nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    # The order in which they were given. SQLite counts by itself only in a plain INTEGER.
    Column(
        "id",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("session", String(64), ForeignKey("sessions.id"), nullable=False),
    Column("client_id", String(64), nullable=False),
    Column("client_seq", BigInteger, nullable=False),
    Column("participant", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("answer", LargeBinary, nullable=False),
    UniqueConstraint("session", "client_id", "client_seq", name="uq_receipts"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("session", String(64), ForeignKey("sessions.id"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("role", String(16), nullable=False),
    Column("participant", String(64), nullable=True),
    Column("label", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False, server_default="0"),
    Column("created_by", String(64), nullable=False, server_default=text("''")),
    Column("expires_at", BigInteger, nullable=True),
    Column("max_uses", Integer, nullable=True),
    Column("uses", Integer, nullable=False, server_default="0"),
    Column("via", String(32), nullable=True),
    Index("ix_tokens_session", "session"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("session", String(64), ForeignKey("sessions.id"), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("media_type", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=True),
    Index("ix_blobs_id", "id"),
)

takes = Table(
    "takes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("session", String(64), ForeignKey("sessions.id"), nullable=False),
    Column("take", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("record", Text, nullable=False),
    Index("ix_takes_session", "session"),
)

audit = Table(
    "audit",
    metadata,
    # Counted in each session: numbers of all sessions together would tell of the others.
    Column("session", String(64), ForeignKey("sessions.id"), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("who", String(64), nullable=False),
    Column("about", String(64), nullable=False),
    Column("detail", Text, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("session", String(64), ForeignKey("sessions.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)
