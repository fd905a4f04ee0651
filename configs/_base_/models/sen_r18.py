# SEN (AAAI 2023): ResNet-18 whose blocks emphasize places and frames; the rest is VAC's. hulianyuyy/SEN_CSLR c9a4c7e.
_base_ = './vac_r18.py'
model = dict(backbone=dict(type='SEN'), masked_frames=False)
