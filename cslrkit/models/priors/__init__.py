"""Priors: networks that know what sharp crops of hands and faces look like."""

from cslrkit.models.priors.diffusion_prior import DiffusionPrior

__all__ = ['DiffusionPrior']
