"""The speed: the same answers as `pdp.policy.decide`, faster, and how far each of them reaches."""
