# RWTH-PHOENIX-Weather 2014 T. Frames in features/fullFrame-256x256px.
_base_ = './phoenix2014.py'
corpus = 'phoenix2014-T'
data_root = '{{$CSLRKIT_DATA:data}}/phoenix2014-T'

# As published: hypotheses are cleaned, references are the raw STM.
val_evaluator = dict(stm='{ann_dir}/phoenix2014-T-groundtruth-{split}.stm')
test_evaluator = dict(stm='{ann_dir}/phoenix2014-T-groundtruth-{split}.stm')
