# CorrNet (CVPR 2023): ResNet-18 that correlates neighbouring frames after stages 2, 3 and 4; the rest is VAC's losses
# and SMKD's classifier. hulianyuyy/CorrNet 98d97d0.
_base_ = './vac_r18.py'
model = dict(
    backbone=dict(type='CorrNet'),
    head=dict(classifier='norm_linear', share_classifier='stream'),
    masked_frames=False,
)
