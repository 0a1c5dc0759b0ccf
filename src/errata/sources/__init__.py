"""Where probabilities and predictions come from."""
