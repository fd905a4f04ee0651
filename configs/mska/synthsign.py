# A small MSKA on the exact keypoints of the synthetic corpus: the fastest demonstration, minutes on two CPU cores.
_base_ = [
    '../_base_/models/mska.py',
    '../_base_/datasets/synthsign_keypoints.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
_hands = (*range(91, 112), *range(112, 133))
_arms = (0, 5, 6, 7, 8, 9, 10)
model = dict(
    data_preprocessor=dict(type='KeypointDataPreprocessor', max_degrees=15.0),
    # The face is drawn at rest, so it is no stream. A step is four frames, a third of a sign.
    backbone=dict(
        width=16,
        parts=dict(left=(5, 7, *range(91, 112)), right=(6, 8, *range(112, 133)), body=(*_arms, *_hands)),
        blocks=((1, 5, 2), (2, 3, 1), (4, 3, 2)),
    ),
    head=dict(
        groups=dict(left=('left',), right=('right',), fuse=('left', 'right', 'body'), body=('body',)),
        hidden_size=128,
        ff_size=256,
    ),
)
train_cfg = dict(max_epochs=8, val_interval=4)
default_hooks = dict(checkpoint=dict(interval=4))
