# A U-Net that takes the noise out of crops of hands and face (docs/restoration.md).
model = dict(type='DiffusionPrior', size=48, channels=(32, 64, 64))
