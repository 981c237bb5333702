"""What a results table does not tell: how sure a figure is, what the mistakes are, whether a score is a probability."""
