"""The command line: thin commands that call the packages below."""
