# The small SlowFast, first on the shortest third of the sentences, short to long, then on two thirds, then on all.
_base_ = '../slowfast/synthsign.py'
train_dataloader = dict(sampler=dict(_delete_=True, type='CurriculumSampler'))
curriculum = dict(
    knobs=[
        dict(target='sampler.max_quantile', schedule=dict(type='Step', values={0: 0.33, 2: 0.67, 4: 1.0})),
        dict(target='sampler.order', schedule=dict(type='Step', values={0: 'ascending', 4: 'random'})),
    ]
)
