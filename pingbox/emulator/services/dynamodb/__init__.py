"""A local DynamoDB that lasts and stays fast: moto's semantics over SQLite, short lanes for the frequent shapes."""

from pingbox.emulator.services.dynamodb.local import LocalDynamoDB
from pingbox.emulator.services.dynamodb.store import Durability, StoreError
from pingbox.emulator.services.dynamodb.wire import Answer

__all__ = ["Answer", "Durability", "LocalDynamoDB", "StoreError"]
