# SignGraph (CVPR 2024): ResNet-18 with graphs within and between frames; the rest is CorrNet's.
# gswycf/SignGraph afb6716.
_base_ = './corrnet_r18.py'
model = dict(backbone=dict(type='SignGraph', temporal_pairs='constant'))  # as published weights were trained
