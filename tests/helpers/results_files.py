"""Results as WERMetric writes them, hand-made."""

from cslrkit.evaluation import WERMetric
from cslrkit.structures import Hypothesis, SignDataSample

# sample, signer, reference, hypothesis, hypothesis of another run
SENTENCES = (
    ('a', 'Ann', 'HEUTE REGEN NORD', 'HEUTE SCHNEE NORD', 'HEUTE REGEN NORD'),
    ('b', 'Bo', 'MORGEN SONNE', 'MORGEN', 'MORGEN'),
    ('c', 'Ann', 'REGEN', 'REGEN WIND', 'REGEN'),
    ('d', 'Bo', 'SONNE SUED', 'SONNE SUED', 'SONNE WEST'),
    ('e', 'Ann', 'NORD WIND', '', ''),
)


def write_results(folder, *, system=0, sentences=SENTENCES, **options):
    """Write ``dev.json`` with its CTM and STM file; return its path."""
    metric = WERMetric(auxiliary=None, out_dir=folder, split='dev', **options)
    samples = [_sample(sample_id, signer, ref, hyps[system]) for sample_id, signer, ref, *hyps in sentences]
    metric.process({}, samples)
    metric.evaluate(len(samples))
    return folder / 'dev.json'


def _sample(sample_id, signer, ref, hyp):
    ref, hyp = ref.split(), hyp.split()
    sample = SignDataSample.create(
        sample_id, range(1, len(ref) + 1), glosses=ref, signer=signer, frame_rate=25.0, frame_indices=range(50)
    )
    steps = range(len(hyp))
    sample.hyps['seq/main'] = Hypothesis(
        gloss_ids=tuple(steps),
        score=-1.0,
        timesteps=tuple(steps),
        step_spans=tuple((step, step) for step in steps),
        glosses=tuple(hyp),
        frame_spans=tuple((2 + 10 * step, 8 + 10 * step) for step in steps),
        confidences=tuple(1 / (step + 1) for step in steps),
    )
    return sample
