"""The moto fallback: what is not an operation on items, answered by moto's handlers over our storage."""
