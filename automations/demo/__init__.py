"""A month in the life of an invented bean-product company, to try everything without any account."""
