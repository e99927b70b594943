"""Event log in, scenario out, with uncertainty and a check."""
