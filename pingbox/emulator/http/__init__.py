"""The bytes on the port: listener, handshake, WebSocket frames, timers, certificates."""
