"""Where policies are kept: one contract, drivers under it, and the journal that gives what they keep a meaning."""
