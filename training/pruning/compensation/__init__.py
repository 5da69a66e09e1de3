"""How consumers of removed channels make up for them."""
