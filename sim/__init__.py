"""One scenario and one strategy in, journeys and measures out."""
