# PHOENIX 2014 with keypoints beside frames: the files of 133 points that the authors of MSKA and CESMM offer, in the
# folder `keypoints` of the corpus.
_base_ = './phoenix2014.py'
frames = dict(type='ImageFolders')
keypoints = dict(type='KeypointPickle', path='keypoints/Phoenix-2014.{split}')

train_pipeline = [
    dict(type='LoadFrames'),
    dict(type='LoadKeypoints'),  # of the frames that were read
    dict(type='RandomCrop', size=224),
    dict(type='RandomHorizontalFlip', prob=0.5),
    dict(type='RandomFrames', low=0.8, high=1.2),
    dict(type='PackSignInputs'),
]
test_pipeline = [
    dict(type='LoadFrames'),
    dict(type='LoadKeypoints'),
    dict(type='CenterCrop', size=224),
    dict(type='PackSignInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# One clip at a time: what networks on keypoints make of a clip depends on how far it is padded.
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
