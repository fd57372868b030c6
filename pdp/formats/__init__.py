"""What users already have: exports of the ECS API, flows, flow logs and scenarios, read strictly; and verdict lines."""
