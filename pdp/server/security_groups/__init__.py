"""SecurityGroupService as pure functions: what each write comes to, and what each read answers."""
