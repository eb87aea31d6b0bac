"""The composition root for the laptop: tables, handlers, emulator and page put together, and watched."""
