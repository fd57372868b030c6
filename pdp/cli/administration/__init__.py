"""Verbs that administer a server's policy, named after the thing: one file for each thing, all of them thin."""
