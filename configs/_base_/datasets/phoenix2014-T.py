# RWTH-PHOENIX-Weather 2014 T. Frames in features/fullFrame-256x256px.
_base_ = './phoenix2014.py'
data_root = '{{$CSLRKIT_DATA:data}}/phoenix2014-T'

train_dataloader = dict(dataset=dict(type='Phoenix2014TDataset'))
val_dataloader = dict(dataset=dict(type='Phoenix2014TDataset'))
test_dataloader = dict(dataset=dict(type='Phoenix2014TDataset'))
# As published: hypotheses are cleaned, references are the raw STM.
val_evaluator = dict(stm='{ann_dir}/phoenix2014-T-groundtruth-{split}.stm')
test_evaluator = dict(stm='{ann_dir}/phoenix2014-T-groundtruth-{split}.stm')
