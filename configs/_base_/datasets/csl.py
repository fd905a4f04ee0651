# CSL (split 2). Frames in features/fullFrame-256x256px. It has no test split; dev is tested.
_base_ = './phoenix2014.py'
corpus = 'csl'
data_root = '{{$CSLRKIT_DATA:data}}/CSL'

test_dataloader = dict(dataset=dict(split='dev'))
# As published: hypotheses are cleaned, references are the raw STM. The published feeder also never reads
# the last sentence and scores it as empty; the datasets' drop_last_entry=True with the evaluators'
# missing='empty' does the same.
val_evaluator = dict(stm='{ann_dir}/CSL-groundtruth-{split}.stm')
test_evaluator = dict(stm='{ann_dir}/CSL-groundtruth-{split}.stm', split='dev')
