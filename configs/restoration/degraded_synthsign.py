# configs/slowfast/synthsign.py, trained on clips half of which are blurred by motion: what restoration has to beat.
_base_ = '../slowfast/synthsign.py'
# Up to 25 pixels of the drawn frames, which are read at two thirds of their size.
blur = [dict(type='MotionBlur', length=(3, 17), angle=30.0), dict(type='Noise', sigma=2.0)]
degrade = [dict(type='Degrade', degradation=dict(type='Compose', degradations=blur), prob=0.5)]
train_pipeline = _base_.train_pipeline[:-1] + degrade + _base_.train_pipeline[-1:]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
