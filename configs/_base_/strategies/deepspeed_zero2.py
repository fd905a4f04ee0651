# DeepSpeed ZeRO stage 2: optimizer state and gradients are spread over processes, each has all weights.
strategy = dict(type='DeepSpeedStrategy', zero_optimization=dict(stage=2))
