"""Composition root of the rehearsal: deploy, emulator and page put together, beside `pingbox.local`."""
