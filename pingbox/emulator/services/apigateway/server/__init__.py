"""The one port: WebSocket, `@connections` and whatever else speaks HTTP there. Moves bytes, decides nothing."""
