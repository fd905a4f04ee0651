# CSL-Daily with keypoints in the place of frames.
_base_ = './phoenix2014-keypoints.py'
corpus = 'csl-daily'
data_root = '{{$CSLRKIT_DATA:data}}/CSL-Daily'
keypoints = dict(path='keypoints/CSL-Daily.{split}')

# As for frames: hypotheses are cleaned, references are the raw STM.
val_evaluator = dict(stm='{ann_dir}/CSL-Daily-groundtruth-{split}.stm')
test_evaluator = dict(stm='{ann_dir}/CSL-Daily-groundtruth-{split}.stm')
