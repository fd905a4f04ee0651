# TLP (ECCV 2022): VAC with temporal lift pooling in the place of max pooling, and its two losses.
# hulianyuyy/Temporal-Lift-Pooling 21be215.
from cslrkit.models.losses import published_losses

_base_ = './vac_r18.py'
model = dict(
    neck=dict(kernel_spec=['K5', 'L2', 'K5', 'L2']),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0, Dist=25.0, Cu=0.001, Cp=0.001)),
)
