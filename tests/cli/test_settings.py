"""Settings that cannot be used are refused by name before anything is opened."""

import os
import subprocess
import sys

import pytest

from billing.config import Settings, WrongSetting


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("AUYL_PORT", value) for value in ("", "abc", "0", "65536", "-1", "8000.5", "²")),
        *(("AUYL_PRINT_PROCESSES", value) for value in ("abc", "0", "65", "-1", "²")),
        *(("AUYL_DATABASE_URL", value) for value in ("", "foo", "postgresql://auyl@db/auyl", "mysql://x")),
    ],
)
def test_a_setting_of_the_wrong_form_is_named(name, value):
    """The refusal says which variable it is, and nothing else has happened."""
    with pytest.raises(WrongSetting, match=name):
        Settings.from_environment({name: value})


@pytest.mark.sqlite_only
def test_only_postgresql_has_a_database_to_read_from():
    """A file of SQLite has no standby, and nothing else can be one."""
    with pytest.raises(WrongSetting, match="AUYL_READ_DATABASE_URL"):
        Settings.from_environment({"AUYL_READ_DATABASE_URL": "postgresql+psycopg://auyl@standby/auyl"})
    with pytest.raises(WrongSetting, match="AUYL_READ_DATABASE_URL"):
        Settings.from_environment(
            {
                "AUYL_DATABASE_URL": "postgresql+psycopg://auyl@db/auyl",
                "AUYL_READ_DATABASE_URL": "sqlite:///copy.db",
            }
        )


@pytest.mark.sqlite_only
def test_a_wrong_setting_ends_a_command_in_one_sentence(tmp_path):
    """Exit code 2 as for anything wrongly typed, no traceback, and no file written."""
    environment = os.environ | {"AUYL_VAR": str(tmp_path / "var"), "AUYL_PORT": "abc"}
    program = "import sys; from billing.cli import main; sys.argv = ['auyl', 'verify']; main()"

    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 2
    assert "AUYL_PORT must be a whole number" in answer.stderr and "Traceback" not in answer.stderr
    assert list(tmp_path.iterdir()) == []
