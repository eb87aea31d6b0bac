"""What happened in a test."""
