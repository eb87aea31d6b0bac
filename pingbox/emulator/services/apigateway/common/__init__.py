"""What all routes and stages share: addresses, authorizers, limits, throttling. Pure."""
