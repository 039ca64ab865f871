"""The declared tables. Migrations must produce exactly this schema (a test compares them)."""

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
)

metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("epoch", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("session", String(64), ForeignKey("sessions.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    # The whole event as MessagePack; what is beside it is there to be asked for.
    Column("event", LargeBinary, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("author", String(64), nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("session", String(64), ForeignKey("sessions.id"), primary_key=True),
    Column("client_id", String(64), primary_key=True),
    Column("client_seq", BigInteger, primary_key=True),
    Column("participant", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("answer", LargeBinary, nullable=False),
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
