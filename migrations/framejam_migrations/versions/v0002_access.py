"""Invites that end, the audit trail, snapshots, names, branches, sizes of images; an explicit order
of receipts (until now SQLite's rowid, which no other database has)."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_RECEIPT = "session, client_id, client_seq, participant, digest, answer"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("name", sa.String(80), nullable=True))
    op.add_column("sessions", sa.Column("origin", sa.String(64), nullable=True))
    op.add_column("sessions", sa.Column("origin_seq", sa.BigInteger, nullable=True))
    op.add_column("tokens", _given("created_at", sa.BigInteger(), "0"))
    op.add_column("tokens", _given("created_by", sa.String(64), "''"))
    op.add_column("tokens", sa.Column("expires_at", sa.BigInteger, nullable=True))
    op.add_column("tokens", sa.Column("max_uses", sa.Integer, nullable=True))
    op.add_column("tokens", _given("uses", sa.Integer(), "0"))
    op.add_column("tokens", sa.Column("via", sa.String(32), nullable=True))
    op.add_column("blobs", sa.Column("bytes", sa.BigInteger, nullable=True))
    op.create_index("ix_blobs_id", "blobs", ["id"])
    _number_receipts()
    op.create_table(
        "audit",
        sa.Column("session", sa.String(64), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "snapshots",
        sa.Column("session", sa.String(64), sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def _given(name: str, kind: sa.types.TypeEngine[Any], default: str) -> sa.Column[Any]:
    """A column that rows which are there get ``default`` in."""
    return sa.Column(name, kind, nullable=False, server_default=sa.text(default))


def _number_receipts() -> None:
    """Rebuild the table, as SQLite must, with the order of the rows as their numbers."""
    order = "rowid" if op.get_bind().dialect.name == "sqlite" else "ctid"
    op.execute(f"CREATE TABLE receipts_0001 AS SELECT {_RECEIPT} FROM receipts ORDER BY {order}")
    op.drop_table("receipts")
    op.create_table(
        "receipts",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("session", sa.String(64), sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("client_seq", sa.BigInteger, nullable=False),
        sa.Column("participant", sa.String(64), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("session", "client_id", "client_seq", name="uq_receipts"),
    )
    op.execute(
        f"INSERT INTO receipts ({_RECEIPT}) SELECT {_RECEIPT} FROM receipts_0001 ORDER BY {order}"
    )
    op.drop_table("receipts_0001")
