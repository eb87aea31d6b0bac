"""Leads boto3 to the emulator and lets nothing reach real AWS."""
