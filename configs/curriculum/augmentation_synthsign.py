# The small SlowFast: the change of speed grows to that of the plain config, and the distillation to its weight.
_base_ = '../slowfast/synthsign.py'
curriculum = dict(
    knobs=[
        dict(target='pipeline.TemporalRescale.temp_scaling', schedule=dict(type='Cosine', start=0.0, stop=0.2, end=6)),
        dict(target='loss.dist_main.weight', schedule=dict(type='Linear', start=0.0, stop=5.0, end=4)),
    ]
)
