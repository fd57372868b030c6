"""The `pdp` command: one file per verb, all of them thin; `main` says which there are."""
