"""API Gateway's WebSocket APIs: pure decisions, and the server that carries them out."""
