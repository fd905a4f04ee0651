"""How activations and gradients of a layer become a map of what mattered: Grad-CAM and its kind.

Each method takes both as (C, T, H, W) and returns (T, H, W).
"""

from typing import Callable, Dict

import torch

Method = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def grad_cam(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Weigh channels by their gradient's mean over the places of a frame (Selvaraju et al., ICCV 2017).

    The weights are each frame's own: the score of a gloss depends on a few frames, and a mean over the clip
    would light up whatever these channels see in all the others.
    """
    weights = gradients.mean((2, 3), keepdim=True)
    return (weights * activations).sum(0).relu()


def grad_cam_plus_plus(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Weigh positive gradients so that each place where a channel is active counts (Chattopadhay et al., WACV 2018).

    With the authors' assumption of an exponential last function: equation 19 for the weights of the places.
    """
    # Scaled, because the powers of a small gradient would vanish; equation 19 does not depend on the scale.
    scaled = gradients / gradients.abs().max().clamp_min(torch.finfo(gradients.dtype).tiny)
    squares = scaled**2
    denominator = 2 * squares + scaled**3 * activations.sum((2, 3), keepdim=True)
    alphas = torch.where(denominator != 0, squares / denominator, torch.zeros_like(squares))
    weights = (alphas * gradients.relu()).sum((2, 3), keepdim=True)
    return (weights * activations).sum(0).relu()


def hires_cam(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Multiply activations by their own gradients, place by place (Draelos and Carin, 2020)."""
    return (gradients * activations).sum(0).relu()


def eigen_cam(activations: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Project activations on their first principal component (Muhammad and Yeasin, IJCNN 2020).

    It shows what the layer responds to at all; gradients, and so the gloss, play no part. Of the component's
    two signs, the one that agrees with the mean activation is taken.
    """
    places = activations.flatten(1)  # (C, places)
    centred = places - places.mean(1, keepdim=True)
    # The eigenvector of the smaller Gram matrix is the cheap way to the first singular vector.
    if centred.shape[0] <= centred.shape[1]:
        component = torch.linalg.eigh(centred @ centred.T)[1][:, -1]
        projection = component @ centred
    else:
        projection = torch.linalg.eigh(centred.T @ centred)[1][:, -1] * centred.norm()
    sign = torch.sign((projection * centred.mean(0)).sum())
    return (projection * torch.where(sign == 0, torch.ones_like(sign), sign)).relu().view(activations.shape[1:])


METHODS: Dict[str, Method] = {
    'gradcam': grad_cam,
    'gradcam++': grad_cam_plus_plus,
    'hirescam': hires_cam,
    'eigencam': eigen_cam,
}
