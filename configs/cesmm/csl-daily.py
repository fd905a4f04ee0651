# CESMM on csl-daily, the published recipe of one stream.
_base_ = './phoenix2014.py'
corpus = 'csl-daily'
data_root = '{{$CSLRKIT_DATA:data}}/CSL-Daily'
keypoints = dict(path='keypoints/CSL-Daily.{split}')
train_dataloader = dict(batch_size=16)  # published
val_evaluator = dict(stm='{ann_dir}/CSL-Daily-groundtruth-{split}.stm')
test_evaluator = dict(stm='{ann_dir}/CSL-Daily-groundtruth-{split}.stm')
