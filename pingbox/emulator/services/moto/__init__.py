"""AWS services whose state is moto's: one adapter, and a table of services. In memory, loaded at the first request."""
