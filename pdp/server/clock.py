"""The clock of a server, which tells the time where nobody gives another: nothing that decides may ask it by itself."""

from collections.abc import Callable
from time import time_ns
from typing import cast

from pdp.model.instants import Instant

CLOCK = cast(Callable[[], Instant], time_ns)
"""The present instant. The system's own function, since each check asks."""
