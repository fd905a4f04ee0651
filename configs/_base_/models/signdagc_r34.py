# SignDAGC (2025): ResNet-34 with axial graphs within frames and graphs between them; the rest is CorrNet+'s.
# xhonghu/SignDAGC-master 5baad5f.
_base_ = './corrnet_plus_r18.py'
model = dict(
    backbone=dict(
        type='SignDAGC',
        depth=34,
        init_cfg=dict(checkpoint='torchvision://resnet34'),
    ),
)
