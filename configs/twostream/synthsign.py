# SlowFast on frames and MSKA on the exact keypoints of the synthetic corpus, both small: from random weights.
_base_ = [
    '../_base_/models/twostream.py',
    '../_base_/datasets/synthsign_two_media.py',
    '../_base_/schedules/adamw_cosine_16e.py',
    '../_base_/default_runtime.py',
]
_hands = (*range(91, 112), *range(112, 133))
_arms = (0, 5, 6, 7, 8, 9, 10)
_keypoints = ('keypoints_left', 'keypoints_right', 'keypoints_body')
_frames = ('frames_slow', 'frames_fast')
model = dict(
    backbone=dict(
        media=dict(
            frames=dict(
                _delete_=True, type='SlowFast', depth=18, layout='8x8', width=8, alpha=2, beta_inv=2, pool_grid=2
            ),
            # Every second frame is read, so a step of two frames read is four of the video.
            keypoints=dict(
                width=16,
                parts=dict(left=(5, 7, *range(91, 112)), right=(6, 8, *range(112, 133)), body=(*_arms, *_hands)),
                blocks=((1, 5, 1), (2, 3, 1), (4, 3, 2)),
            ),
        ),
    ),
    head=dict(
        groups=dict(
            _delete_=True,
            both=(*_frames, *_keypoints),
            left=('keypoints_left',),
            right=('keypoints_right',),
            body=('keypoints_body',),
            keypoints=_keypoints,
            frames=_frames,
        ),
        hidden_size=128,
        ff_size=256,
    ),
)
train_cfg = dict(max_epochs=8, val_interval=2)
default_hooks = dict(checkpoint=dict(interval=2))
