"""Every registry of cslrkit, with its contract in a sentence each.

Registries that mmengine's Runner builds from are children of mmengine's roots; those that only
cslrkit builds from (backbones, necks, heads, losses, decoders, frame sources, corpora) have no parent, because
mmengine resolves a registry nested under MODELS to MODELS itself. Modules are imported when a registry
is first asked, so ``import cslrkit`` stays cheap. A third party registers classes in its own modules
and names them by ``custom_imports`` in a config or by the entry-point group ``cslrkit.plugins``.
"""

import inspect
from importlib.metadata import entry_points
from typing import Any, Dict, List, Optional

from mmengine import registry as roots

from cslrkit.errors import ConfigError
from cslrkit.utils.config_path import config_path
from cslrkit.utils.messages import nearest

PLUGIN_GROUP = 'cslrkit.plugins'

_IMPORT_HINT = (
    "A class of your own must be imported first: add custom_imports=dict(imports=['your.module']) to the config, "
    f"name the module by a tool's --import, or declare it under the entry-point group '{PLUGIN_GROUP}'."
)


class Registry(roots.Registry):
    """An mmengine registry that loads plugins and says what is wrong with a config.

    Args:
        name: What it holds, in the singular, e.g. ``'backbone'``.
        parent: The mmengine root that the Runner builds from; None for cslrkit's own registries.
        locations: Packages of cslrkit that register into it when they are imported.
    """

    def __init__(self, name: str, parent: Optional[roots.Registry] = None, *, locations: List[str]) -> None:
        super().__init__(name, build_func=build_from_cfg, parent=parent, scope='cslrkit', locations=locations)

    def import_from_location(self) -> None:
        """Import the built-in modules of this registry and its parent, then every installed plugin."""
        super().import_from_location()
        if self.parent is not None:
            self.parent.import_from_location()
        load_plugins()

    def _register_module(self, module, module_name=None, force=False) -> None:
        # A plugin that takes the name of a built-in class must fail in the plugin, not inside
        # cslrkit at a later lazy import.
        if not module.__module__.startswith('cslrkit.'):
            super().import_from_location()
        super()._register_module(module, module_name, force)

    def lookup(self, kind: Any) -> Any:
        """Return the class registered as ``kind`` here or in an ancestor; a class itself is returned as it is.

        Raises:
            ConfigError: If there is none; the message lists the nearest names.
        """
        if callable(kind):
            return kind
        if not isinstance(kind, str):
            raise ConfigError(f'got {kind!r}, expected the name of a class.')
        try:
            found = self.get(kind)
        except RuntimeError:
            found = None
        if found is None:
            names = self.names()
            hint = nearest(kind, names) or f' Registered: {", ".join(names)}.'
            raise ConfigError(f"'{kind}' is not registered in the {self.name} registry.{hint} {_IMPORT_HINT}")
        return found

    def names(self) -> List[str]:
        """Sorted names of the classes registered here and in the ancestors."""
        self.import_from_location()
        names, registry = set(), self
        while registry is not None:
            names.update(registry.module_dict)
            registry = registry.parent
        return sorted(names)


class _Plugins:
    """Whether the plugins of installed packages are imported, and what was wrong with one."""

    begun = False
    error: Optional[ConfigError] = None


def load_plugins() -> None:
    """Import the modules that installed packages declare under ``cslrkit.plugins``, once.

    Raises:
        ConfigError: If one cannot be imported; each call says so again.
    """
    if _Plugins.error is not None:
        raise _Plugins.error
    if _Plugins.begun:
        return
    _Plugins.begun = True  # set first: a plugin's import asks the registries again
    points = entry_points()
    group = points.select(group=PLUGIN_GROUP) if hasattr(points, 'select') else points.get(PLUGIN_GROUP, ())
    for point in group:
        try:
            point.load()
        except Exception as error:  # a module runs any code, so its faults are of any kind
            _Plugins.error = ConfigError(
                f"plugin '{point.name}' ({point.value}): {type(error).__name__}: {error}. "
                'Mend or uninstall the package that declares it.'
            )
            raise _Plugins.error from error


def check_arguments(cls: Any, arguments: Dict[str, Any], *, provided: tuple = ()) -> None:
    """Check that ``cls`` accepts ``arguments`` and is given all that it requires.

    Args:
        cls: A registered class or function.
        arguments: Keyword arguments from a config, without ``type``.
        provided: Names that the builder will add; they do not count as missing.

    Raises:
        ConfigError: Naming the class and the argument, with the nearest accepted names.
    """
    accepted = accepted_arguments(cls)
    if accepted is None:
        return
    name = getattr(cls, '__name__', str(cls))
    for argument in arguments:
        if argument not in accepted:
            known = ', '.join(accepted)
            raise ConfigError(
                f"{name} has no argument '{argument}'.{nearest(argument, accepted)} It takes: {known}.", path=argument
            )
    for argument, parameter in accepted.items():
        required = parameter.default is inspect.Parameter.empty
        if required and argument not in arguments and argument not in provided:
            raise ConfigError(f"{name} needs the argument '{argument}'.", path=argument)


def accepted_arguments(cls: Any) -> Optional[Dict[str, inspect.Parameter]]:
    """Parameters that ``cls(**arguments)`` accepts by name, or None where any name goes.

    ``**kwargs`` of a constructor is followed to the parent classes' constructors.
    """
    kinds = inspect.Parameter
    if not inspect.isclass(cls):
        parameters = inspect.signature(cls).parameters
        return None if any(p.kind is kinds.VAR_KEYWORD for p in parameters.values()) else dict(parameters)
    accepted: Dict[str, inspect.Parameter] = {}
    for klass in cls.__mro__[:-1]:
        if '__new__' in vars(klass) and '__init__' not in vars(klass):
            return None
        if '__init__' not in vars(klass):
            continue
        try:
            parameters = list(inspect.signature(klass.__init__).parameters.values())[1:]
        except (TypeError, ValueError):
            return None
        for parameter in parameters:
            if parameter.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY):
                accepted.setdefault(parameter.name, parameter)
        if not any(p.kind is kinds.VAR_KEYWORD for p in parameters):
            break
    return accepted


def build_from_cfg(cfg: dict, registry: Registry, default_args: Optional[dict] = None) -> Any:
    """Build an object from ``cfg``.

    Args:
        cfg: A dict with ``type`` (a registered name or a class) and constructor arguments.
        registry: Where ``type`` is looked up.
        default_args: Arguments that hold where ``cfg`` does not set them.

    Raises:
        ConfigError: For a missing or unknown type or a wrong argument.
    """
    if not isinstance(cfg, dict):
        raise ConfigError(f"{registry.name}: expected a dict with a 'type', got {cfg!r}.")
    arguments = {**(default_args or {}), **cfg}
    if 'type' not in arguments:
        raise ConfigError(f"{registry.name}: the dict {cfg!r} has no 'type'.")
    with config_path('type'):
        cls = registry.lookup(arguments.pop('type'))
    arguments.pop('_scope_', None)
    try:
        return roots.build_from_cfg({**arguments, 'type': cls}, registry)
    except TypeError:
        check_arguments(cls, arguments)  # says which argument is at fault, if one is
        raise


# --- children of mmengine's roots: the Runner builds from these -------------------------------

MODELS = Registry(  # recognizers (an mmengine BaseModel) and data preprocessors
    'model', roots.MODELS, locations=['cslrkit.models.data_preprocessor', 'cslrkit.models.recognizers']
)
DATASETS = Registry(  # index -> plain dict of one sample, after its pipeline
    'dataset', roots.DATASETS, locations=['cslrkit.datasets']
)
TRANSFORMS = Registry(  # sample dict -> the same dict; docstrings list Required and Added keys
    'transform', roots.TRANSFORMS, locations=['cslrkit.datasets.transforms']
)
METRICS = Registry(  # one record per sample -> a dict of corpus figures
    'metric', roots.METRICS, locations=['cslrkit.evaluation']
)
HOOKS = Registry(  # called by the Runner at fixed points
    'hook', roots.HOOKS, locations=['cslrkit.engine', 'cslrkit.visualization']
)
OPTIM_WRAPPERS = Registry(  # backward, clipping, accumulation, mixed precision
    'optim wrapper', roots.OPTIM_WRAPPERS, locations=['cslrkit.engine']
)
LOOPS = Registry(  # train, validation and test loops
    'loop', roots.LOOPS, locations=['cslrkit.engine']
)
RUNNERS = Registry(  # drives a training or test run from a config
    'runner', roots.RUNNERS, locations=['cslrkit.engine']
)
STRATEGIES = Registry(  # spreads a model's training state over processes
    'strategy', roots.STRATEGIES, locations=['cslrkit.engine']
)
LOG_PROCESSORS = Registry(  # turns logged scalars into the lines of console and file
    'log processor', roots.LOG_PROCESSORS, locations=['cslrkit.engine']
)
PARAM_SCHEDULERS = Registry(  # learning-rate schedules
    'parameter scheduler', roots.PARAM_SCHEDULERS, locations=['cslrkit.engine']
)
OPTIMIZERS = Registry(  # torch optimizers
    'optimizer', roots.OPTIMIZERS, locations=['cslrkit.engine']
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(  # parameter groups
    'optimizer wrapper constructor',
    roots.OPTIM_WRAPPER_CONSTRUCTORS,
    locations=['cslrkit.engine'],
)
DATA_SAMPLERS = Registry(  # order of samples in an epoch
    'data sampler', roots.DATA_SAMPLERS, locations=['cslrkit.datasets']
)
FUNCTIONS = Registry(  # collate functions
    'function', roots.FUNCTIONS, locations=['cslrkit.datasets']
)
EVALUATOR = Registry(  # runs a list of metrics
    'evaluator', roots.EVALUATOR, locations=['cslrkit.evaluation']
)
VISUALIZERS = Registry(  # draws and hands to backends
    'visualizer', roots.VISUALIZERS, locations=['cslrkit.visualization']
)
VISBACKENDS = Registry(  # where scalars and pictures go: TensorBoard, files
    'vis_backend', roots.VISBACKENDS, locations=['cslrkit.visualization']
)
MODEL_WRAPPERS = Registry(  # distributed wrappers
    'model_wrapper', roots.MODEL_WRAPPERS, locations=['cslrkit.engine']
)
WEIGHT_INITIALIZERS = Registry(  # init_cfg of modules
    'weight initializer', roots.WEIGHT_INITIALIZERS, locations=['cslrkit.models.weights']
)

# --- cslrkit's own: the recognizer builds from these ------------------------------------------

BACKBONES = Registry(  # (N, 3, T, H, W) -> dict of streams (N, C_i, T); has `stream_specs`
    'backbone', locations=['cslrkit.models.backbones']
)
NECKS = Registry(  # streams, frame_lens -> dict (N, D, T'), feat_lens; has `temporal_spec`
    'neck', locations=['cslrkit.models.necks']
)
HEADS = Registry(  # neck features, feat_lens -> dict of logits (N, T', V)
    'head', locations=['cslrkit.models.heads']
)
LOSSES = Registry(  # logits, lengths, targets -> a scalar
    'loss', locations=['cslrkit.models.losses']
)
DECODERS = Registry(  # (log_probs (N, T', V), feat_lens) -> list of Hypothesis
    'decoder', locations=['cslrkit.decoders']
)
CLIP_READERS = Registry(  # pattern of a sample's frames -> Clip, decoded when asked for
    'clip reader', locations=['cslrkit.video']
)
CORPORA = Registry(  # how a corpus is distributed: its annotations, frames, rate, and how it is drawn
    'corpus', locations=['cslrkit.corpora']
)
SCHEDULES = Registry(  # epoch -> value of a knob of the curriculum
    'schedule', locations=['cslrkit.datasets.curriculum']
)
NORMALIZERS = Registry(  # cleans the words of hypotheses and references before they are scored
    'normalizer', locations=['cslrkit.evaluation']
)


def __getattr__(name: str) -> Registry:
    if name == 'FRAME_SOURCES':  # the name of CLIP_READERS in 0.1.0
        return CLIP_READERS
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
