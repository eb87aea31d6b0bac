"""Apps without a template: Python modules and `[tool.pingbox]` tables."""
