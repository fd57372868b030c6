"""AccountService: who asks, limits, mail, users and their policies, penalties, as tables of pure functions.

Nothing here does I/O, reads a clock or decides who may; what may be stored is `pdp.policy.apply`'s to say.
"""
