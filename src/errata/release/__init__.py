"""A release: an immutable, versioned, hashed folder that holds a corrected test set.

`content` is what goes in, `tables` its Parquet files, `writing` the folder; `card`, `croissant` and
`citation` describe it for people and machines. `loading`, `applying`, `checking`, `changes` and
`story` are for those who have a release and not the audit that it was made from.
"""
