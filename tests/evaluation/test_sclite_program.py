"""Compares mode 'sclite' with NIST's program, where it is installed (Debian: package sctk)."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from scorer_cases import random_sentence

from cslrkit.evaluation.functional import CtmEntry, StmEntry, WordCounts, dump_ctm, dump_stm, sclite_report
from cslrkit.evaluation.functional.wer import EMPTY, score_sentence

PLACES = ('/usr/lib/sctk/bin/sclite',)
SCLITE = shutil.which('sclite') or next((place for place in PLACES if Path(place).is_file()), None)
VOCABULARIES = (['A', 'b', 'B'], ['A', 'B', 'C', 'c'], ['Ä', 'ä', '他', '今天', 'é'], [f'W{i}' for i in range(20)])


@pytest.mark.skipif(SCLITE is None, reason='sclite is not installed (Debian: apt-get install sctk)')
@pytest.mark.parametrize('seed', [0, 1])
def test_same_counts_for_every_sentence(tmp_path, seed):
    generator = random.Random(seed)
    sentences = []
    for index in range(400):
        words = generator.choice(VOCABULARIES)
        ref, hyp = random_sentence(generator, words, 0, 12), random_sentence(generator, words, 0, 12)
        sentences.append((f's{index:04d}', ref, hyp))
    dump_stm(tmp_path / 'ref.stm', [StmEntry(sample_id, ' '.join(ref)) for sample_id, ref, _ in sentences])
    words = [
        CtmEntry(sample_id, position, 1, word)
        for sample_id, _, hyp in sentences
        for position, word in enumerate(hyp or [EMPTY])
    ]
    dump_ctm(tmp_path / 'hyp.ctm', words, comment='start and duration in frames')
    command = [SCLITE, '-h', 'hyp.ctm', 'ctm', '-r', 'ref.stm', 'stm', '-f', '0', '-o', 'pralign', 'dtl', 'stdout']
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout.decode('utf-8', 'replace')
    printed = re.findall(r'Scores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)', output)
    assert len(printed) == len(sentences)
    total = WordCounts()
    for (sample_id, ref, hyp), expected in zip(sentences, printed):
        counts = score_sentence(ref, hyp, mode='sclite').counts
        found = (counts.correct, counts.substitutions, counts.deletions, counts.insertions)
        assert found == tuple(map(int, expected)), (sample_id, ref, hyp)
        total += counts
    lines = output.splitlines()
    for line in sclite_report(total).values():
        assert line in lines
