"""Contents that do not belong into an instance's state: bytes of variables and attachments, deployed files."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, Moment, Ref


class DeploymentResource(Base):
    """A file of a deployment, as it came."""

    __tablename__ = "deployment_resources"

    id: Mapped[Id]
    deployment_id: Mapped[Ref] = mapped_column(ForeignKey("process_deployments.id"))
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("deployment_id", "name"),)


class DeployedDefinition(Base):
    """A process definition that a deployment brought. The same diagram again is the same definition."""

    __tablename__ = "deployed_definitions"

    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definitions.id"), primary_key=True)
    deployment_id: Mapped[str] = mapped_column(ForeignKey("process_deployments.id"), primary_key=True)
    resource: Mapped[str] = mapped_column(String(255))

    __table_args__ = (Index("ix_deployed_definitions_deployment", "deployment_id"),)


class DeploymentWithdrawal(Base):
    """A deployment that was deleted: what it brought is not shown or started any more; what ran stays on record."""

    __tablename__ = "deployment_withdrawals"

    deployment_id: Mapped[str] = mapped_column(ForeignKey("process_deployments.id"), primary_key=True)
    at: Mapped[Moment]
    by: Mapped[str] = mapped_column(String(26))
