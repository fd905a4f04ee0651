# The small SlowFast, first on every fourth frame, then on every third, at last on every second as in evaluation.
_base_ = '../slowfast/synthsign.py'
curriculum = dict(
    knobs=[dict(target='dataset.frame_interval', schedule=dict(type='Step', values={0: 4, 3: 3, 6: 2}))],
)
