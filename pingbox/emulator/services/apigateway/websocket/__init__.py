"""What API Gateway decides: routes, events, limits, lifecycle, authorizers, `@connections`. No sockets, no threads.

Every rule names the id of the fact it follows (`RT-10`, `EV-20`, ...); docs/reference/conformance.md lists them.
"""
