import json

import pytest
import torch
import torch.multiprocessing as multiprocessing

from cslrkit.errors import ConfigError, DataError, DataNotFoundError, OutputError
from cslrkit.evaluation import WERMetric
from cslrkit.evaluation.functional import CtmEntry, load_ctm, load_stm
from cslrkit.registry import METRICS
from cslrkit.structures import GlossSpan, Hypothesis, SignDataSample


def hypothesis(words, score=-1.0, rate=None):
    """A resolved hypothesis whose words take four frames each, from frame 2 on."""
    spans = []
    for step, word in enumerate(words):
        frames = (2 + 4 * step, 6 + 4 * step)
        times = None if rate is None else (frames[0] / rate, frames[1] / rate)
        steps = (step, step)
        spans.append(GlossSpan(step + 1, word, steps, frames, times, step, confidence=0.1 + 0.1 * step))
    return Hypothesis(spans, score)


def sample(sample_id, ref, hyp, aux=None, rate=None, signer='Signer01'):
    ref = ref.split()
    made = SignDataSample.create(
        sample_id, list(range(1, len(ref) + 1)), glosses=ref, signer=signer, frame_rate=rate, frame_indices=range(40)
    )
    made.hyps = {'seq/main': hypothesis(hyp.split(), rate=rate)}
    if aux is not None:
        made.hyps['conv/main'] = hypothesis(aux.split(), rate=rate)
    return made


def evaluate(samples, *, size=None, **arguments):
    metric = METRICS.build(dict(type='WERMetric', **{'auxiliary': None, **arguments}))
    for start in range(0, len(samples), 2):
        metric.process({}, samples[start : start + 2])
    return metric.evaluate(len(samples) if size is None else size)


SAMPLES = [
    sample('b', 'A B C D', 'A A X C', 'A B', rate=25.0),  # X for B, D deleted, A merged
    sample('a', 'A B', 'A B Y', 'A Y', rate=25.0),  # Y inserted
    sample('c', 'E F G H', '', 'E', rate=25.0),  # [EMPTY] for one, three deleted
]


def test_hand_worked_figures():
    metrics = evaluate(SAMPLES)
    assert metrics == pytest.approx(
        {'wer': 70.0, 'sub': 20.0, 'del': 40.0, 'ins': 10.0, 'num_sentences': 3, 'num_words': 10}
    )
    assert evaluate(SAMPLES, mode='sclite')['ins'] == pytest.approx(20.0)  # A is not merged
    assert evaluate(SAMPLES, mode='sclite', merge_repeats=True) == pytest.approx(metrics)
    assert evaluate(SAMPLES, merge_repeats=False)['wer'] == pytest.approx(80.0)
    assert evaluate(SAMPLES, prefix='phoenix')['phoenix/wer'] == pytest.approx(70.0)


def test_auxiliary_output():
    metrics = evaluate(SAMPLES, auxiliary='conv/main')
    # Alone: 2 deletions, 1 substitution, 3 deletions of 10 words.
    assert metrics['wer_conv'] == pytest.approx(60.0)
    # Only the main output has C of 'b' and B of 'a'; only the auxiliary one has B of 'b', the gap
    # for Y in 'a' counts for neither because it says Y too, and E of 'c'.
    assert metrics['war'] == pytest.approx(20.0)
    assert metrics['wdr'] == pytest.approx(20.0)
    assert metrics['wer'] == pytest.approx(70.0)


def test_primary_may_be_another_output():
    assert evaluate(SAMPLES, primary='conv/main')['wer'] == pytest.approx(60.0)


def test_the_slrt_protocol_cleans_references_too_and_sentences_as_a_whole():
    samples = [sample('a', 'loc-NORD A B REGEN REGEN __ON__', 'NORD A+B regen')]
    assert evaluate(samples)['num_words'] == 6
    metrics = evaluate(samples, protocol='slrt')
    assert (metrics['wer'], metrics['num_words']) == (0.0, 3)  # nord a+b regen
    # A repeat of the reference that stays is a deletion for the strict protocol: hypotheses are merged.
    repeated = [sample('a', 'NORD NORD WIND', 'NORD WIND')]
    assert evaluate(repeated)['wer'] == pytest.approx(100 / 3)
    assert evaluate(repeated, protocol='slrt')['wer'] == 0.0


def test_the_better_head_is_reported_by_name_only(tmp_path):
    arguments = dict(auxiliary='conv/main', report_head='best', out_dir=tmp_path)
    metrics = evaluate(SAMPLES, **arguments)
    assert (metrics['wer'], metrics['wer_main'], metrics['wer_conv']) == pytest.approx((60.0, 70.0, 60.0))
    assert metrics['sub'] + metrics['del'] + metrics['ins'] == pytest.approx(60.0)
    assert 'wer_main' not in evaluate(SAMPLES, auxiliary='conv/main')
    swapped = evaluate(SAMPLES, **{**arguments, 'primary': 'conv/main', 'auxiliary': 'seq/main'})
    assert (swapped['wer'], swapped['wer_main']) == pytest.approx((60.0, 60.0))
    report = json.loads((tmp_path / 'dev.json').read_text())
    assert (report['protocol'], report['report_head']) == ('stm', 'best')
    with pytest.raises(ConfigError, match=r'report_head: .best. needs an auxiliary output'):
        evaluate(SAMPLES, report_head='best')
    with pytest.raises(ConfigError, match='decodes one alone'):
        evaluate([sample('a', 'A', 'A')], auxiliary='auto', report_head='best')
    with pytest.raises(ConfigError, match='protocol'):
        evaluate(SAMPLES, protocol='sclite')


def test_samples_as_the_evaluator_hands_them_over():
    assert evaluate([one.to_dict() for one in SAMPLES]) == evaluate(SAMPLES)


def test_normalizer_cleans_both_sides():
    samples = [sample('a', 'loc-NORD __PU__ ZEIGEN', 'NORD __EMOTION__ ZEIGEN-BILDSCHIRM')]
    assert evaluate(samples)['wer'] == pytest.approx(100.0)
    metrics = evaluate(samples, normalizer='phoenix2014')
    assert (metrics['wer'], metrics['num_words']) == (0.0, 2)


def test_references_from_an_stm_file_are_taken_as_they_are(tmp_path):
    (tmp_path / 'truth-dev.stm').write_text('a 1 s 0.0 1.79769e+308 loc-NORD  ZEIGEN\n')
    samples = [sample('a', 'X Y Z', 'loc-NORD ZEIGEN')]
    stm = f'{tmp_path}/truth-{{split}}.stm'
    assert evaluate(samples, stm=stm, split='dev')['wer'] == 0.0
    assert evaluate(samples, stm=stm, split='dev', normalizer='phoenix2014')['wer'] == 100.0
    with pytest.raises(DataNotFoundError, match=r'truth-test\.stm'):
        WERMetric(stm=stm, split='test')


def test_files(tmp_path):
    metrics = evaluate(SAMPLES, auxiliary='conv/main', out_dir=tmp_path / 'out', split='test')
    ctm = load_ctm(tmp_path / 'out' / 'test.ctm')
    assert ctm[:2] == [CtmEntry('a', 0.08, 0.16, 'A'), CtmEntry('a', 0.24, 0.16, 'B')]  # 2 to 6 of 25 per second
    assert [entry.word for entry in ctm] == ['A', 'B', 'Y', 'A', 'A', 'X', 'C', '[EMPTY]']
    assert (tmp_path / 'out' / 'test.ctm').read_text().startswith(';; start and duration in seconds\n')
    assert [(entry.sample_id, entry.text) for entry in load_stm(tmp_path / 'out' / 'test.stm')] == [
        ('a', 'A B'),
        ('b', 'A B C D'),
        ('c', 'E F G H'),
    ]
    report = json.loads((tmp_path / 'out' / 'test.json').read_text())
    assert report['metrics'] == metrics
    assert (report['split'], report['mode'], report['normalizer'], report['stm']) == ('test', 'python', 'none', None)
    first = report['sentences'][0]
    assert first['sample_id'] == 'a'
    assert (first['ref'], first['hyp'], first['scored_hyp']) == (['A', 'B'], ['A', 'B', 'Y'], ['A', 'B', 'Y'])
    assert (first['edits'], first['errors'], first['ins'], first['words']) == ('CCI', 1, 1, 2)
    assert (first['signer'], first['score'], first['hyp_auxiliary']) == ('Signer01', -1.0, ['A', 'Y'])
    assert first['frame_spans'] == [[2, 6], [6, 10], [10, 14]]
    assert first['seconds'][0] == pytest.approx([0.08, 0.24])
    assert (first['num_frames'], first['frame_rate']) == (40, 25.0)
    # A A X C is scored as A X C: the two A are one word from the start of the first to the end of the second.
    assert [one['scored_spans'] for one in report['sentences'][1:]] == [[[2, 10], [10, 14], [14, 18]], None]
    # At least one of the two is signed: 1 - 0.9 * 0.8.
    assert [one['scored_confidence'] for one in report['sentences'][1:]] == [[0.28, 0.3, 0.4], None]


def test_unknown_frame_rate_gives_frames(tmp_path):
    evaluate([sample('a', 'A B', 'loc-A __PU__ B')], normalizer='phoenix2014', out_dir=tmp_path)
    lines = (tmp_path / 'dev.ctm').read_text().splitlines()
    # The word that is dropped takes its time with it.
    assert lines == [';; start and duration in frames (the frame rate is not known)', 'a 1 2 4 A', 'a 1 10 4 B']
    assert json.loads((tmp_path / 'dev.json').read_text())['sentences'][0]['seconds'] is None


def test_every_sample_counts_once():
    repeated = [*SAMPLES, SAMPLES[0]]
    assert evaluate(repeated, size=3) == evaluate(SAMPLES)
    with pytest.raises(DataError, match='got 3 different sample ids from 4 records, expected one for each of the 4'):
        evaluate(repeated)


def test_missing_hypotheses_and_references_are_listed(tmp_path):
    stripped = sample('d', 'A', 'A')
    stripped.hyps = {'conv/main': hypothesis(['A'])}
    with pytest.raises(
        DataError, match=r"sample 'd' has hypotheses of conv/main, expected of seq/main and None\. Set primary and"
    ):
        evaluate([*SAMPLES, stripped], primary='seq/main')
    with pytest.raises(DataError, match=r"sample 'a' has hypotheses of seq/main, expected of auto and conv/main\."):
        evaluate([sample('a', 'A', 'A'), sample('b', 'A', 'A')], auxiliary='conv/main')
    stm = tmp_path / 'dev.stm'
    stm.write_text(''.join(f'{name} 1 s 0.0 1.0 A\n' for name in 'bcde'))
    with pytest.raises(DataError, match=r'no hypothesis for 2 of them \(d, e\), and no sentence for 1 sample \(a\)'):
        evaluate(SAMPLES, stm=stm)


def test_other_errors(tmp_path):
    with pytest.raises(ConfigError, match='mode: got'):
        WERMetric(mode='nist')
    with pytest.raises(DataError, match=r'WERMetric \(dev\): no sample was evaluated'):
        evaluate([], size=0)
    with pytest.raises(DataError, match='the references of 1 sample hold no word at all'):
        evaluate([sample('a', '', 'A')])
    raw = sample('a', 'A', 'A')
    raw.hyps = {'seq/main': Hypothesis([GlossSpan(1)], -1.0)}
    with pytest.raises(DataError, match=r"sample 'a': the hypothesis of 'seq/main' has no glosses.*resolve"):
        evaluate([raw])
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='cannot be written'):
        evaluate(SAMPLES, out_dir=tmp_path / 'file')


def _evaluate_in_a_process(rank, folder):
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=2)
    # What a sampler gives two processes for three samples: the first is repeated at the end.
    shares = [[SAMPLES[0], SAMPLES[2]], [SAMPLES[1], SAMPLES[0]]]
    metric = WERMetric(auxiliary='conv/main')
    metric.process({}, shares[rank])
    metrics = metric.evaluate(3)
    with open(f'{folder}/metrics{rank}.json', 'w') as file:
        json.dump(metrics, file)
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes(tmp_path):
    multiprocessing.spawn(_evaluate_in_a_process, args=(str(tmp_path),), nprocs=2)
    expected = evaluate(SAMPLES, auxiliary='conv/main')
    for rank in range(2):
        assert json.loads((tmp_path / f'metrics{rank}.json').read_text()) == expected


def test_sentences_that_the_dataset_does_not_read(tmp_path):
    # The STM file has a sentence more, of five words: as published, [EMPTY] for one and four deleted.
    stm = tmp_path / 'truth.stm'
    lines = ''.join(f'{one.sample_id} 1 s 0.0 1.0 {" ".join(one.glosses)}\n' for one in SAMPLES)
    stm.write_text(lines + 'last 1 Signer09 0.0 1.0 P Q R S T\n')
    with pytest.raises(DataError, match=r"no hypothesis for 1 of them \(last\).*missing='empty'"):
        evaluate(SAMPLES, stm=stm)
    metrics = evaluate(SAMPLES, stm=stm, missing='empty', auxiliary='conv/main', out_dir=tmp_path)
    assert (metrics['num_sentences'], metrics['num_words'], metrics['num_missing']) == (4, 15, 1)
    assert metrics['wer'] == pytest.approx(100 * (7 + 5) / 15)  # 7 of 10 without it
    assert metrics['wer_conv'] == pytest.approx(100 * (6 + 5) / 15)
    assert metrics['del'] == pytest.approx(100 * (4 + 4) / 15)
    assert load_ctm(tmp_path / 'dev.ctm')[-1] == CtmEntry('last', 0, 0, '[EMPTY]')
    assert load_stm(tmp_path / 'dev.stm')[-1].signer == 'Signer09'
    report = json.loads((tmp_path / 'dev.json').read_text())
    assert (report['missing'], report['sentences'][-1]['errors']) == ('empty', 5)
    assert evaluate(SAMPLES[:2], stm=stm, missing='empty')['num_missing'] == 2
    with pytest.raises(DataError, match=r'no sentence for 1 sample \(other\)'):
        evaluate([*SAMPLES, sample('other', 'A', 'A')], stm=stm, missing='empty')
    complete = evaluate(SAMPLES, missing='empty', stm=_without_last_line(stm))
    assert complete == {**evaluate(SAMPLES), 'num_missing': 0}


def _without_last_line(path):
    path.write_text(''.join(path.read_text().splitlines(keepends=True)[:-1]))
    return path


def test_a_wrong_rule_for_missing_sentences():
    with pytest.raises(ConfigError, match=r"missing: got 'ignore', expected one of 'error', 'empty'"):
        WERMetric(missing='ignore')
    with pytest.raises(ConfigError, match="missing: 'empty' needs stm"):
        WERMetric(missing='empty')


def test_ids_with_spaces_stay_one_field_of_a_line(tmp_path):
    evaluate([sample('take 1', 'A B', 'A B', signer='Ann  B')], out_dir=tmp_path)
    assert {entry.sample_id for entry in load_ctm(tmp_path / 'dev.ctm')} == {'take_1'}
    assert (tmp_path / 'dev.stm').read_text().startswith('take_1 1 Ann_B 0.0')
