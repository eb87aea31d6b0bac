"""Where the items are: one SQLite file, a tree for each table and for each of its indexes."""
