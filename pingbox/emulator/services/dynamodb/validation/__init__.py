"""What AWS refuses before it looks at a table: requests of the wrong form, and declarations of impossible tables."""
