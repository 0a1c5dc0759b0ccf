"""Networks of torch, each a small module to read: those of the study, and one for sounds.

Each is made by a function of the shape of an example, ``(channels, height, width)``, and the number
of classes, and returns one score for each class (logits).
"""
