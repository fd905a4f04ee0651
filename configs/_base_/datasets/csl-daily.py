# CSL-Daily. Frames in the folder itself, e.g. S000000_P0000_T00/000000.jpg; they are cut and resized on reading.
_base_ = './phoenix2014.py'
corpus = 'csl-daily'
data_root = '{{$CSLRKIT_DATA:data}}/CSL-Daily'

load_frames = dict(type='LoadFrames', crop_top=40, resize=(256, 256))
train_pipeline = [load_frames] + _base_.train_pipeline[1:]  # noqa: RUF005 (mmengine cannot unpack a base's list)
test_pipeline = [load_frames] + _base_.test_pipeline[1:]  # noqa: RUF005
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
# As published: hypotheses are cleaned, references are the raw STM. The published feeder also never reads
# the last sentence and scores it as empty; the datasets' drop_last_entry=True with the evaluators'
# missing='empty' does the same.
val_evaluator = dict(stm='{ann_dir}/CSL-Daily-groundtruth-{split}.stm')
test_evaluator = dict(stm='{ann_dir}/CSL-Daily-groundtruth-{split}.stm')
