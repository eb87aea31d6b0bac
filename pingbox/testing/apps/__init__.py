"""Apps under test, whichever way they are named."""
