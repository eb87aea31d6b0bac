"""Who somebody is: tokens, and who may open a connection. Pure."""
