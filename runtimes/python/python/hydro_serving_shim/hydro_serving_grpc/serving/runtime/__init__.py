"""Messages of the third generation."""
