"""Pure arithmetic: arrays in, arrays out, with NumPy and SciPy alone."""
