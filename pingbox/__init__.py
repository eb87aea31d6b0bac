"""PingBox: a WebSocket chat for AWS, an API Gateway emulator, a test kit and a deploy."""

__version__ = "0.1.0"
