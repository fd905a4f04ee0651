"""The synthetic corpus, golden-file judges, contract checks for plugins and small factories for tests."""

from typing import Any

_CONTRACTS = (
    'ContractError',
    'Finding',
    'check_backbone',
    'check_dataset',
    'check_decoder',
    'check_head',
    'check_loss',
    'check_neck',
    'check_transform',
    'make_sample',
)

__all__ = [*_CONTRACTS]


def __getattr__(name: str) -> Any:
    # Drawing a corpus must not wait for the models, which the contracts import.
    if name in _CONTRACTS:
        from cslrkit.testing import contracts

        return getattr(contracts, name)
    raise AttributeError(f"module 'cslrkit.testing' has no attribute '{name}'")
