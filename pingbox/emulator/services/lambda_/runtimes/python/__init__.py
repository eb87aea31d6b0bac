"""What AWS's Python runtime does inside an execution environment: find the handler, run it, word its errors and logs.

These files run in two places: imported by the emulator for in-process environments, and loaded by path in a worker
whose interpreter need not have pingbox (an app's own virtual environment). So they import nothing but the standard
library and each other (relatively), and keep to the Python of the oldest interpreter an app may bring (3.9).
The behaviour is that of `awslambdaric`, which is the judge in the parity tests.
"""
