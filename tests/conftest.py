"""What all tests share: how hard Hypothesis tries, and how many threads torch may take."""

import os

from hypothesis import settings

# Two spinning threads on a busy machine are 30 times slower than one that sleeps.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

settings.register_profile("default", deadline=None)
settings.register_profile("long", deadline=None, max_examples=2000)
settings.load_profile("default")
