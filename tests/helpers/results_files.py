"""Results as WERMetric writes them, hand-made."""

from cslrkit.evaluation import WERMetric
from cslrkit.structures import GlossSpan, Hypothesis, SignDataSample

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
    sample.hyps['seq/main'] = Hypothesis(
        [
            GlossSpan(
                step,
                gloss,
                steps=(step, step),
                frames=(2 + 10 * step, 8 + 10 * step),
                times=((2 + 10 * step) / 25, (8 + 10 * step) / 25),
                peak=step,
                confidence=1 / (step + 1),
            )
            for step, gloss in enumerate(hyp)
        ],
        score=-1.0,
    )
    return sample
