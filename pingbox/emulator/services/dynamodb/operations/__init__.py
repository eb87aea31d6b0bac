"""Short lanes: the operations on items, answered straight from SQLite, without moto's Python in between.

A lane takes the catalog and a request in the JSON of the wire and returns the body of the answer, or raises a
`Refusal`. What a lane does not know (the parameters from before there were expressions) goes the long way, to moto;
the differential tests hold both to the same answers.
"""
