"""A short form of ``make fuzz``, and that each kind of fault is told."""

import os
import time

import pytest

from benchmarks.fuzz import Reader, attack
from benchmarks.fuzz_readers import make_readers
from cslrkit.errors import DataError


def test_damaged_files_of_every_kind(tmp_path):
    readers = make_readers(tmp_path)
    assert len(readers) > 50
    total = 0
    for name, reader in readers.items():
        whole = reader.path.read_bytes()
        counts, found = attack(name, reader, range(10))
        assert not found, (name, found)
        assert counts['refused'] > 0, name
        assert reader.path.read_bytes() == whole
        total += sum(counts.values())
    assert total == 10 * len(readers)


def spin():
    while True:
        pass


@pytest.mark.parametrize(
    ('fault', 'told'),
    [
        (lambda: 1 / 0, 'ZeroDivisionError: division by zero'),
        (lambda: 'another', 'another content in silence'),
        (lambda: os._exit(1), 'the process ended with the status'),
        (lambda: os.abort(), 'the process ended with the status'),
        (lambda: bytearray(600 << 20)[:1], 'MB above the start'),
        (spin, 'takes more than'),
    ],
)
def test_faults_are_told(tmp_path, fault, told, monkeypatch):
    monkeypatch.setattr('benchmarks.fuzz._SECONDS', 0.2)
    path = tmp_path / 'file'
    path.write_bytes(b'whole')
    counts, found = attack(
        'own', Reader(path, lambda: fault() if path.read_bytes() != b'whole' else 'whole', True), range(3)
    )
    assert sum(counts.values()) == counts['fault'] == 3
    assert all(told in each for each in found)
    assert found


def test_errors_of_cslrkit_are_no_fault(tmp_path):
    def read():
        if path.read_bytes() != b'whole':
            raise DataError('damaged')

    path = tmp_path / 'file'
    path.write_bytes(b'whole')
    assert attack('own', Reader(path, read), range(5)) == ({'refused': 5}, {})
    assert attack('own', Reader(path, read), range(5), end=time.monotonic()) == ({}, {})
