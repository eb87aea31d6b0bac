"""The AWS services that the emulator answers for."""
