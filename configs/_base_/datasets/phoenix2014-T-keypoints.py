# PHOENIX 2014 T with keypoints in the place of frames.
_base_ = './phoenix2014-keypoints.py'
corpus = 'phoenix2014-T'
data_root = '{{$CSLRKIT_DATA:data}}/phoenix2014-T'
keypoints = dict(path='keypoints/Phoenix-2014t.{split}')

# As for frames: hypotheses are cleaned, references are the raw STM.
val_evaluator = dict(stm='{ann_dir}/phoenix2014-T-groundtruth-{split}.stm')
test_evaluator = dict(stm='{ann_dir}/phoenix2014-T-groundtruth-{split}.stm')
