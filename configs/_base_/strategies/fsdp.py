# torch's fully sharded data parallelism: optimizer state, gradients and weights are spread over processes.
strategy = dict(type='FSDPStrategy', model_wrapper=dict(sharding_strategy='FULL_SHARD'))
