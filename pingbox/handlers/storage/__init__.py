"""The two tables of the chat: what is read of them and written to them."""
