"""The networks of the papers that are repeated here."""
