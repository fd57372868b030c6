"""The words: frozen values that every layer shares. Standard library only; nothing here does I/O or reads a clock."""
