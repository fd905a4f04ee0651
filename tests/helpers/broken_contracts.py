"""Findings of contract checks."""

import pytest

from cslrkit.testing import ContractError


def breach(check, cls, cfg=None, **options):
    """The findings of a check that has to fail, by clause."""
    with pytest.raises(ContractError) as caught:
        check(cls, cfg, **options)
    findings = {finding.clause: str(finding) for finding in caught.value.findings}
    assert all(text in str(caught.value) for text in findings.values())
    return findings
