"""What is audited, and how examples are shown."""
