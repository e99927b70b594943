"""A scenario says what a journey is: its format, its checks, its shipped library."""
