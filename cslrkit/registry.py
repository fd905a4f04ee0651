"""Every registry of cslrkit, with its contract in a sentence each.

Registries that mmengine's Runner builds from are children of mmengine's roots; those that only
cslrkit builds from (backbones, necks, heads, losses, decoders, frame sources, corpora) have no parent, because
mmengine resolves a registry nested under MODELS to MODELS itself. Modules are imported when a registry
is first asked, so ``import cslrkit`` stays cheap. A third party registers classes in its own modules
and names them by ``custom_imports`` in a config or by the entry-point group ``cslrkit.plugins``.
"""

import inspect
import numbers
from importlib.metadata import entry_points
from typing import Any, Dict, List, Optional

from mmengine import registry as roots

from cslrkit.errors import ConfigError
from cslrkit.utils.config_path import config_path
from cslrkit.utils.messages import nearest

PLUGIN_GROUP = 'cslrkit.plugins'

# What a config may give for an argument that is declared as the first.
_NUMBERS = (
    (bool, bool, 'expected True or False'),
    (int, numbers.Integral, 'expected an integer'),
    (float, numbers.Real, 'expected a number'),
)

_IMPORT_HINT = (
    "A class of your own must be imported first: add custom_imports=dict(imports=['your.module']) to the config, "
    f"name the module by a tool's --import, or declare it under the entry-point group '{PLUGIN_GROUP}'."
)


class Registry(roots.Registry):
    """An mmengine registry that loads plugins and says what is wrong with a config.

    Args:
        name: What it holds, in the singular, e.g. ``'backbone'``.
        locations: Packages of cslrkit that register into it when they are imported, e.g. ``'models.necks'``.
        parent: The mmengine root that the Runner builds from; None for cslrkit's own registries.
    """

    def __init__(self, name: str, locations: List[str], parent: Optional[roots.Registry] = None) -> None:
        super().__init__(
            name,
            build_func=build_from_cfg,
            parent=parent,
            scope='cslrkit',
            locations=[f'cslrkit.{place}' for place in locations],
        )

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
        return sorted(self.classes())

    def classes(self) -> Dict[str, Any]:
        """The classes registered here and in the ancestors, by name."""
        self.import_from_location()
        return {**(self.parent.module_dict if self.parent is not None else {}), **self.module_dict}


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
        ConfigError: Naming the class and the argument, with the nearest accepted names; or for an argument that is
            declared as a number or a bool, and is none.
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
        _check_number(argument, arguments[argument], accepted[argument])
    for argument, parameter in accepted.items():
        required = parameter.default is inspect.Parameter.empty
        if required and argument not in arguments and argument not in provided:
            raise ConfigError(f"{name} needs the argument '{argument}'.", path=argument)


def _check_number(argument: str, value: Any, parameter: inspect.Parameter) -> None:
    for declared, kind, expected in _NUMBERS:
        fits = value is None or (isinstance(value, kind) and isinstance(value, bool) == (declared is bool))
        if parameter.annotation is declared and not fits:
            raise ConfigError(f'got {value!r}, {expected}.', path=argument)


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


def build_from_cfg(
    cfg: dict, registry: Registry, default_args: Optional[dict] = None, *, offered: Optional[dict] = None
) -> Any:
    """Build an object from ``cfg``.

    Args:
        cfg: A dict with ``type`` (a registered name or a class) and constructor arguments.
        registry: Where ``type`` is looked up.
        default_args: Arguments that hold where ``cfg`` does not set them.
        offered: Further ones, which a class is given if its constructor names them.

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
    if offered:
        accepted = accepted_arguments(cls) or {}
        arguments = {**{name: value for name, value in offered.items() if name in accepted}, **arguments}
    try:
        return roots.build_from_cfg({**arguments, 'type': cls}, registry)
    except TypeError:
        check_arguments(cls, arguments)  # says which argument is at fault, if one is
        raise


# --- children of mmengine's roots: the Runner builds from these -------------------------------

# Recognizers and priors (an mmengine BaseModel) and data preprocessors.
MODELS = Registry(
    'model',
    [
        'models.data_preprocessor',
        'models.feature_preprocessor',
        'models.keypoint_preprocessor',
        'models.multi_media_preprocessor',
        'models.priors',
        'models.recognizers',
    ],
    roots.MODELS,
)
DATASETS = Registry('dataset', ['datasets'], roots.DATASETS)  # index -> plain dict of one sample, after its pipeline
TRANSFORMS = Registry(
    'transform', ['datasets.transforms'], roots.TRANSFORMS
)  # sample dict -> the same, with keys added
METRICS = Registry('metric', ['evaluation'], roots.METRICS)  # one record per sample -> a dict of corpus figures
HOOKS = Registry('hook', ['engine', 'visualization'], roots.HOOKS)  # called by the Runner at fixed points
OPTIM_WRAPPERS = Registry('optim wrapper', ['engine'], roots.OPTIM_WRAPPERS)  # backward, clipping, mixed precision
LOOPS = Registry('loop', ['engine'], roots.LOOPS)  # train, validation and test loops
RUNNERS = Registry('runner', ['engine'], roots.RUNNERS)  # drives a training or test run from a config
STRATEGIES = Registry('strategy', ['engine'], roots.STRATEGIES)  # spreads a model's training state over processes
LOG_PROCESSORS = Registry('log processor', ['engine'], roots.LOG_PROCESSORS)  # scalars -> lines of console and file
PARAM_SCHEDULERS = Registry('parameter scheduler', ['engine'], roots.PARAM_SCHEDULERS)  # learning-rate schedules
OPTIMIZERS = Registry('optimizer', ['engine'], roots.OPTIMIZERS)  # torch optimizers
# Parameter groups.
OPTIM_WRAPPER_CONSTRUCTORS = Registry('optimizer wrapper constructor', ['engine'], roots.OPTIM_WRAPPER_CONSTRUCTORS)
DATA_SAMPLERS = Registry('data sampler', ['datasets'], roots.DATA_SAMPLERS)  # order of samples in an epoch
FUNCTIONS = Registry('function', ['datasets'], roots.FUNCTIONS)  # collate functions
EVALUATOR = Registry('evaluator', ['evaluation'], roots.EVALUATOR)  # runs a list of metrics
VISUALIZERS = Registry('visualizer', ['visualization'], roots.VISUALIZERS)  # draws and hands to backends
VISBACKENDS = Registry('vis_backend', ['visualization'], roots.VISBACKENDS)  # TensorBoard, files
MODEL_WRAPPERS = Registry('model_wrapper', ['engine'], roots.MODEL_WRAPPERS)  # distributed wrappers
WEIGHT_INITIALIZERS = Registry('weight initializer', ['models.weights'], roots.WEIGHT_INITIALIZERS)  # init_cfg

# --- cslrkit's own: the recognizer builds from these ------------------------------------------

BACKBONES = Registry('backbone', ['models.backbones'])  # (N, 3, T, H, W) -> streams (N, C_i, T); has `stream_specs`
NECKS = Registry('neck', ['models.necks'])  # streams, frame_lens -> dict (N, D, T'), feat_lens; has `temporal_spec`
HEADS = Registry('head', ['models.heads'])  # neck features, feat_lens -> dict of logits (N, T', V)
LOSSES = Registry('loss', ['models.losses'])  # logits, lengths, targets -> a scalar
DECODERS = Registry('decoder', ['decoders'])  # (log_probs (N, T', V), feat_lens) -> list of Hypothesis
ALIGNERS = Registry('aligner', ['models.aligners'])  # streams -> evidence (N, T, D); places a hypothesis by it
ACTIVITIES = Registry('activity', ['models.activity'])  # streams -> logits of signing (N, T)
LANGUAGE_MODELS = Registry('language model', ['decoders.language_model'])  # state -> log-probabilities (V,) that follow
CLIP_READERS = Registry('clip reader', ['video'])  # pattern of a sample's frames -> Clip, decoded when asked for
FEATURE_READERS = Registry(
    'feature reader', ['datasets.features']
)  # id of a sample -> FeatureClip, read when asked for
KEYPOINT_READERS = Registry('keypoint reader', ['video.keypoints'])  # id of a sample -> Keypoints
CORPORA = Registry('corpus', ['corpora'])  # annotations, frames and rate of a corpus, and how it is drawn
SCHEDULES = Registry('schedule', ['datasets.curriculum'])  # epoch -> value of a knob of the curriculum
DEGRADATIONS = Registry('degradation', ['restoration'])  # clip (T, H, W, 3) -> a worse one of the same shape
DIFFUSION_SAMPLERS = Registry(
    'diffusion sampler', ['restoration.samplers']
)  # prior and what was observed -> restored crops (N, 3, H, W)
NORMALIZERS = Registry('normalizer', ['evaluation'])  # cleans words before they are scored


def __getattr__(name: str) -> Registry:
    if name == 'FRAME_SOURCES':  # the name of CLIP_READERS in 0.1.0
        return CLIP_READERS
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
