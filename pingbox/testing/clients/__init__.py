"""The kit's WebSocket clients."""
