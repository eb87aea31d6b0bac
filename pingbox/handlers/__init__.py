"""What runs in Lambda: proxy event to command, effects to boto3. Zipped with `pingbox_core`."""
