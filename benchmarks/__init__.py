"""The load harness: every number that the project quotes comes from here, with the command that repeats it."""
