raise ImportError("as if pingbox[fast] were not installed")
