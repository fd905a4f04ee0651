"""Ways to run the same network faster."""

from cslrkit.models.speed.compiling import Compiled, compile_network
from cslrkit.models.speed.cpu import prepare_for_cpu
from cslrkit.models.speed.folding import fold_batch_norms
from cslrkit.models.speed.inference import prepare_for_inference

__all__ = ['Compiled', 'compile_network', 'fold_batch_norms', 'prepare_for_cpu', 'prepare_for_inference']
