"""What other tools read: one module a format, each a function from a report to text."""
