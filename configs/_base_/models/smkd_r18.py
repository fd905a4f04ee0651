# SMKD (ICCV 2021) as its authors released it: VAC with one classifier for visual and contextual features, whose
# weights have unit length, and CTC on both. VIPL-SLP/VAC_CSLR 37bd985 and its README of 2022-05-14. The paper trains
# in two further stages; see docs/model_zoo.md.
from cslrkit.models.losses import published_losses

_base_ = './vac_r18.py'
model = dict(
    head=dict(classifier='norm_linear', share_classifier='stream'),
    losses=published_losses(dict(SeqCTC=1.0, ConvCTC=1.0)),
)
