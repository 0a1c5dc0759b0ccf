"""Out-of-sample probabilities: every example is predicted by a model that has not seen it."""
