"""The audits behind "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks".

Rebuilt from its published data with the public names of errata alone.
"""
