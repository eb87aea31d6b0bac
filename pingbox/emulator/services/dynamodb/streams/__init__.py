"""DynamoDB Streams: what changed in tables that have a stream, kept for 24 hours of the emulator's clock."""
