"""A local DynamoDB: moto's semantics over storage that lasts."""
