"""What is made of each picture before a network sees it: a chain of named steps."""
