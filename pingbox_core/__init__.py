"""The pure rules of the chat: no I/O, no clock, no randomness, standard library only."""
