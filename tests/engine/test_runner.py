"""What the Runner adds to mmengine's."""

from cslrkit.engine.config import load_config
from cslrkit.engine.runner import CSLRRunner


def test_each_default_hook_is_removed_by_none(tiny_config, tmp_path):
    config = load_config(tiny_config)
    names = [hook for hook in config.default_hooks if hook != 'logger']
    config.default_hooks.update(dict.fromkeys(names))
    config.work_dir = str(tmp_path)
    kinds = {type(hook).__name__ for hook in CSLRRunner.from_cfg(config).hooks}
    assert 'LoggerHook' in kinds
    assert not kinds & {'ConsoleHook', 'ReseedHook', 'SignCheckpointHook', 'NonFiniteLossHook', 'SyncBuffersHook'}
