"""What all tests share: how hard Hypothesis tries, torch's threads, and honest skips."""

import os

import pytest
from hypothesis import settings

# Two spinning threads on a busy machine are 30 times slower than one that sleeps.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

settings.register_profile("default", deadline=None, max_examples=60)
settings.register_profile("long", deadline=None, max_examples=2000)
settings.load_profile("default")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With FRAMEJAM_NO_SKIPS set (CI), a skipped test fails the run: it was meant to run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("FRAMEJAM_NO_SKIPS") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("FRAMEJAM_NO_SKIPS is set and tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
