"""``init_cfg`` of recognizers and backbones: published weights before training starts."""

import logging
from typing import Any, Optional

from mmengine.logging import MMLogger
from mmengine.model import update_init_info
from mmengine.registry import DefaultScope
from torch import nn

from cslrkit.models.weights.load import LoadReport, load_pretrained
from cslrkit.registry import WEIGHT_INITIALIZERS
from cslrkit.utils.messages import CONSOLE


@WEIGHT_INITIALIZERS.register_module()
class Pretrained:
    """Initialize a recognizer or a backbone from a weights file.

    The arguments are those of mmengine's initializer of this name, which it replaces: files of every
    format of :func:`load_pretrained` load, and none of them is executed. What fits is loaded; the log
    says what was adapted and what was not. The weights are loaded when training starts, before
    ``load_from`` or a resumed checkpoint.

    Args:
        checkpoint: A local file, or a name such as ``'torchvision://resnet18'``, which is downloaded once; see
            :func:`~cslrkit.models.weights.files.local_file`.
        prefix: Which part of the file's model to take, e.g. ``'backbone.'``; see
            :func:`load_pretrained`.
        map_location: Where tensors are read to.

    Examples:
        A ResNet or a CorrNet from ImageNet, as VAC, SMKD and CorrNet are trained::

            model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')))

        A backbone from PySlowFast's model zoo::

            model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='pyslowfast://SLOWFAST_64x2_R101_50_50')))

        The whole recognizer from the authors' file, its classifier apart if the vocabulary differs::

            model = dict(init_cfg=dict(type='Pretrained', checkpoint='phoenix2014.pt'))
    """

    def __init__(self, checkpoint: str, prefix: Optional[str] = None, map_location: Any = 'cpu') -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.map_location = map_location

    def __call__(self, module: nn.Module) -> None:
        """Load the file into ``module``.

        Raises:
            CheckpointError: As :func:`load_pretrained`.
        """
        report = load_pretrained(module, self.checkpoint, prefix=self.prefix, map_location=self.map_location)
        log_report(report, MMLogger.get_current_instance(), f'initialized {type(module).__name__} from')
        if hasattr(module, '_params_init_info'):  # mmengine's table of what initialized which parameter
            update_init_info(module, init_info=f'Pretrained: {self.checkpoint}')


class ScopedInit:
    """Makes a module's ``init_cfg`` mean cslrkit's initializers, in a Runner or outside.

    To be named before mmengine's ``BaseModule`` or ``BaseModel`` among the bases of a class.
    """

    def init_weights(self) -> None:
        """Initialize by ``init_cfg``."""
        # Without a scope, mmengine would take its own `Pretrained`, which unpickles anything.
        with DefaultScope.overwrite_default_scope('cslrkit'):
            super().init_weights()


def log_report(report: LoadReport, logger: logging.Logger, verb: str) -> None:
    """Log a report: its counts on the console too, names in the file, conflicts as warnings."""
    logger.info(f'{verb} {report.summary()}', extra=CONSOLE)
    for conflict in report.conflicts:
        logger.warning(conflict)
    for line in report.details(everything=True):
        logger.info(line)
