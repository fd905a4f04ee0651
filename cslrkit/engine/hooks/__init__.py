"""Hooks: console, seeding, checkpoints, non-finite losses."""

from cslrkit.engine.hooks.console_hook import ConsoleHook
from cslrkit.engine.hooks.curriculum_hook import CurriculumHook
from cslrkit.engine.hooks.non_finite_loss_hook import NonFiniteLossHook
from cslrkit.engine.hooks.reseed_hook import ReseedHook
from cslrkit.engine.hooks.sign_checkpoint_hook import SignCheckpointHook

__all__ = ['ConsoleHook', 'CurriculumHook', 'NonFiniteLossHook', 'ReseedHook', 'SignCheckpointHook']
