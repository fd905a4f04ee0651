"""Weights as the published code names them."""

from cslrkit.models.weights.names import published_names


def to_published(state):
    """A recognizer's state dict by its published names; a shared classifier has several."""
    return {published: state[own] for published, own in published_names(state)}
