# DeepSpeed ZeRO stage 3: weights are spread, too, and gathered layer by layer.
strategy = dict(type='DeepSpeedStrategy', zero_optimization=dict(stage=3))
