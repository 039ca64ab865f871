"""What all tests share: how hard some of them try, torch's threads, and honest skips."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

# Two spinning threads on a busy machine are 30 times slower than one that sleeps.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A failing example is kept here, tried first from then on, and printed as a line to paste above
# the test (``@reproduce_failure``) for whoever has another checkout.
KEPT = DirectoryBasedExampleDatabase(Path(__file__).parent.parent / ".hypothesis" / "examples")

# ``make fuzz`` is the long one.
settings.register_profile("default", deadline=None, max_examples=60, database=KEPT, print_blob=True)
settings.register_profile("long", settings.get_profile("default"), max_examples=5000)
# In CI a change is judged by the same examples every time; new ones are looked for by everybody
# who runs the tests, and by ``make fuzz``.
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("FRAMEJAM_NO_SKIPS") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``make faults`` is ``--long-faults``: hundreds of kills and a minute of painting."""
    parser.addoption("--long-faults", action="store_true", help="fault tests, much longer")
    parser.addoption("--fault-seed", default="1", help="seed of the moments at which they kill")


@dataclass(frozen=True)
class Faults:
    """How hard the fault tests try. ``seed`` decides their moments; it is printed with them."""

    long: bool
    seed: str

    def pick(self, short: int, long: int) -> int:
        """The number for the default suite, or the one for ``make faults``."""
        return long if self.long else short

    def say(self, text: str) -> None:
        """Progress for whoever watches (``-s``), or beside a failure."""
        print(f"seed {self.seed}: {text}", flush=True)


@pytest.fixture(scope="session")
def faults(pytestconfig: pytest.Config) -> Faults:
    """What the command line says about the fault tests."""
    return Faults(pytestconfig.getoption("--long-faults"), pytestconfig.getoption("--fault-seed"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With FRAMEJAM_NO_SKIPS set (CI), a skipped test fails the run: it was meant to run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("FRAMEJAM_NO_SKIPS") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("FRAMEJAM_NO_SKIPS is set and tests were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
