"""A policy decision point for cloud security groups. Start reading at `pdp.policy.decide`."""
