"""A local DynamoDB that lasts and stays fast: the operations on items over SQLite, moto for the rest."""

from pingbox.emulator.services.dynamodb.answers import Answer
from pingbox.emulator.services.dynamodb.local import LocalDynamoDB
from pingbox.emulator.services.dynamodb.storage.store import Durability, StoreError

__all__ = ["Answer", "Durability", "LocalDynamoDB", "StoreError"]
