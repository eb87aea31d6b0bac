"""What an app declares, as inert values: one of each, whoever read it."""
