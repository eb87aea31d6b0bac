"""PartiQL: statements read into the trees of expressions, and carried out as the operations on items are."""
