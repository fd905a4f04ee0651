# CESMM on phoenix2014-T, the published recipe of one stream.
_base_ = './phoenix2014.py'
corpus = 'phoenix2014-T'
data_root = '{{$CSLRKIT_DATA:data}}/phoenix2014-T'
keypoints = dict(path='keypoints/Phoenix-2014t.{split}')
val_evaluator = dict(stm='{ann_dir}/phoenix2014-T-groundtruth-{split}.stm')
test_evaluator = dict(stm='{ann_dir}/phoenix2014-T-groundtruth-{split}.stm')
