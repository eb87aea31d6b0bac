"""Functions on threads of the emulator's own process."""
