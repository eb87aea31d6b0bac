"""What each type of resource declares: one reader per kind."""
