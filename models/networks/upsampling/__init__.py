"""The operators that the papers compare: each guides, or does not guide, how a feature map is made larger."""
