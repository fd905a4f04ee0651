# Crops of hands and face, around the exact keypoints of the corpus that `tools/make_synthetic.py data/synthsign` draws.
corpus = 'synthsign'
data_root = '{{$CSLRKIT_DATA:data}}/synthsign'
keypoints = dict(type='StoredKeypoints')

train_dataloader = dict(
    batch_size=4,  # clips
    num_workers=1,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RegionCrops',
        regions=('hands', 'face'),
        size=48,
        crops=8,
        dataset=dict(type='CSLRDataset', split='train'),
    ),
)
