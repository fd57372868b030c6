"""The meaning: pure functions over frozen values. No clock, lock, log or I/O; the time is an argument."""
