"""Results in, matplotlib axes out. Nothing here computes a result, runs an engine or touches pyplot's state."""
