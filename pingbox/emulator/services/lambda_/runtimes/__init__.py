"""What runs inside an execution environment, per language."""
