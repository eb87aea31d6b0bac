"""Local Lambda: environments that run handlers one event at a time, in this process or in processes of their own."""
