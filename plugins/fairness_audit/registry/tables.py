"""Where a version's files are, read from the tables of an MLflow registry.

The tables are MLflow's own, and it changes them. So they are read only while they have the one
layout for which this was written, which MLflow itself writes beside them.
"""

from sqlalchemy import NullPool, column, create_engine, select, table
from sqlalchemy.exc import SQLAlchemyError

from fairness_audit.errors import RegistryError

LAYOUT = "dc11669786a5"
"""MLflow's name for it: the newest of its migrations, as of MLflow 3.17."""

_WORKSPACE, _DELETED = "default", "Deleted_Internal"
_layouts = table("alembic_version", column("version_num"))
_models = table("registered_models", column("workspace"))
_versions = table(
    "model_versions",
    column("workspace"),
    column("name"),
    column("version"),
    column("current_stage"),
    column("source"),
    column("storage_location"),
)


def location_of(address: str, model: str, version: int) -> str:
    """Where the files of a version are, as MLflow's store tells it from the same rows.

    Raises:
        RegistryError: when the tables have another layout, models are kept in workspaces, there
            is no such version, or the database does not answer.
    """
    places = select(_versions.c.storage_location, _versions.c.source).where(
        _versions.c.workspace == _WORKSPACE,
        _versions.c.name == model,
        _versions.c.version == version,
        _versions.c.current_stage != _DELETED,
    )
    elsewhere = select(_models.c.workspace).where(_models.c.workspace != _WORKSPACE).limit(1)
    try:
        with create_engine(address, poolclass=NullPool).connect() as connection:
            if connection.execute(select(_layouts.c.version_num)).scalars().all() != [LAYOUT]:
                raise RegistryError("the registry's tables have another layout")
            if connection.execute(elsewhere).first() is not None:
                raise RegistryError("the registry has workspaces")
            (found,) = connection.execute(places).all()
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise RegistryError(f"{model} version {version}: {type(error).__name__}") from error
    return str(found.storage_location or found.source)
