"""The live log and the trace: what people and programs read of the history."""
