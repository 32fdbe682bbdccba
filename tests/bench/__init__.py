"""The benchmark: the shipped policies on generated tables, against the same rules written by hand."""
