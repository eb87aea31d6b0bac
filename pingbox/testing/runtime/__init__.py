"""The running emulator of a test."""
