"""The audit's memory: what people decided and why, in a database that only ever grows.

It speaks plain values (integers, strings, dictionaries); arrays stay in files beside it.
"""
