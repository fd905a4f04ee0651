"""How a class is checked: every breach of its contract is collected, and trees of tensors are compared."""

import copy
import traceback
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import torch

from cslrkit.errors import CSLRKitError
from cslrkit.registry import Registry, check_arguments
from cslrkit.utils.checks import one_of

Cls = Union[type, str]  # a class, or the name of a registered one
Cfg = Optional[dict]  # arguments, as a config gives them
Allowed = Sequence[str]  # names of clauses

NUM_CLASSES = 6  # of logits, the blank included
_CONFIG = {'config': 'the arguments unchanged. Copy a dict or list before changing it: configs are shared.'}


class Finding(NamedTuple):
    """A breach of a clause: what was looked at, what was found there, what the contract says, and how to mend it."""

    clause: str
    where: str
    got: str
    expected: str
    do: str

    def __str__(self) -> str:
        return f'[{self.clause}] {self.where}: got {self.got}, expected {self.expected}. {self.do}'.rstrip()


class ContractError(CSLRKitError, AssertionError):
    """A class, ``subject``, that breaks the contract of its part; ``findings`` are all breaches."""

    def __init__(self, subject: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        count = f'{len(findings)} finding' + ('s' if len(findings) > 1 else '')
        super().__init__('\n'.join([f'{subject} breaks its contract, {count}:', *map(str, findings)]))


class _StopError(Exception):
    """What is still to be looked at needs what was found broken."""


class Case(AbstractContextManager):
    """A class that is checked: a ``with`` statement, at whose end the findings are raised.

    Args:
        registry: Where a name is looked up.
        cls: A class, or the name of a registered one.
        cfg: Arguments as a config gives them; ``type`` may be among them.
        clauses: The contract: name of a clause -> ``'what is expected. What to do.'``
        allow: Clauses that the class breaks by intent; one that holds after all is a finding, too.
        provided: Arguments that the builder hands over.
    """

    def __init__(
        self, registry: Registry, cls: Cls, cfg: Cfg, clauses: Dict[str, str], allow: Allowed, **provided: Any
    ) -> None:
        self.cls = registry.lookup(cls) if isinstance(cls, str) else cls
        self.name = getattr(self.cls, '__name__', str(self.cls))
        self.cfg = {key: value for key, value in (cfg or {}).items() if key != 'type'}
        self.arguments = {**provided, **self.cfg}
        self.inputs: tuple = ()  # of a call: trees of tensors
        self.clauses = {**_CONFIG, **clauses}
        self.allow = [one_of('allow', name, self.clauses) for name in allow]
        self.findings: List[Finding] = []
        self._clause = self._where = ''

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if error is not None and not isinstance(error, _StopError):
            return False
        unbroken = set(self.allow) - {finding.clause for finding in self.findings}
        kept = [finding for finding in self.findings if finding.clause not in self.allow]
        kept += [Finding(name, 'allow', 'no breach', 'one', 'Take the clause out of allow.') for name in unbroken]
        if kept:
            raise ContractError(self.name, kept) from None
        return True

    def start(self, kind: type = object) -> Any:
        """Build the object that is looked at, of a ``kind``; without one, the check ends here."""
        with self.trying('config', f'{self.name}(...)', do='Build from the arguments that cfg gives.'):
            check_arguments(self.cls, self.cfg, provided=tuple(self.arguments))
            given = copy.deepcopy(self.arguments)
            torch.manual_seed(0)
            built = self.cls(**given)
            self.expect(given == self.arguments, given, f'{self.arguments} unchanged', at='arguments')
            if self.expect(isinstance(built, kind), describe(built), f'a {kind.__name__}'):
                torch.manual_seed(0)  # of the inputs that are drawn next
                return built
        raise _StopError

    def build(self, seed: int = 0, **changed: Any) -> Any:
        """Build it with random weights of ``seed``."""
        torch.manual_seed(seed)
        return self.cls(**copy.deepcopy({**self.arguments, **changed}))

    def evaluate(self, module: torch.nn.Module, *inputs: Any, **options: Any) -> Any:
        """Call a module in evaluation mode, without gradients, on a copy of ``inputs`` or else those of the case."""
        with torch.no_grad():
            return module.eval()(*copy.deepcopy(inputs or self.inputs), **options)

    @contextmanager
    def trying(self, clause: str, where: str, *, do: str = 'Mend what raises it.') -> Iterator[None]:
        """Look at ``clause`` and ``where``, and note an error of the code inside as a breach."""
        self._clause, self._where = clause, where
        try:
            yield
        except _StopError:
            raise
        except Exception as error:  # the code of a plugin may raise anything; it is reported
            got = f'{type(error).__name__}: {str(error).strip()} ({_place_of(error)})'
            self.findings.append(Finding(clause, where, got, 'no error', do))
        finally:
            self._clause = self._where = ''

    def expect(self, holds: Any, got: object, expected: str = '', *, at: str = '', clause: str = '') -> bool:
        """Note a breach unless ``holds``, ``at`` a part of what is looked at; by default what the contract says."""
        if not holds:
            clause = clause or self._clause
            rule, _, do = self.clauses[clause].partition('. ')
            where = ': '.join(filter(None, (self._where, at)))
            self.findings.append(Finding(clause, where, str(got), expected or rule, do))
        return bool(holds)

    def require_attributes(self, part: Any, **rules: Tuple[Callable[[Any], Any], str]) -> None:
        """End the check unless all attributes are right: attribute -> whether its value is, and what would be."""
        for name, (is_right, expected) in rules.items():
            value = getattr(part, name, '(none)')
            self.expect(is_right(value), repr(value), expected, at=name, clause='attributes')
        self.stop_if_broken()

    def same(self, first: Any, second: Any, **options: float) -> None:
        """Expect two trees of tensors to be equal."""
        change = difference(first, second, **options)
        self.expect(not change, change)

    def stop_if_broken(self) -> None:
        """End the check if anything was found."""
        if self.findings:
            raise _StopError


def _place_of(error: Exception) -> str:
    frames = list(traceback.extract_tb(error.__traceback__))
    # The author's own line says more than torch's below it or that of the check above.
    here = Path(__file__).parent
    own = [f for f in frames if 'site-packages' not in f.filename and here not in Path(f.filename).parents]
    return f'{Path((own or frames)[-1].filename).name}:{(own or frames)[-1].lineno}'


def map_floats(tree: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return a copy of ``tree`` with ``change`` applied to every floating-point tensor."""
    if isinstance(tree, torch.Tensor):
        return change(tree) if tree.is_floating_point() else tree
    if isinstance(tree, dict):
        return {key: map_floats(value, change) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(map_floats(value, change) for value in tree)
    return tree


def leaves(tree: Any, name: str = '') -> Dict[str, torch.Tensor]:
    """Return the tensors of ``tree`` by readable names, e.g. ``"['main']"``."""
    if isinstance(tree, torch.Tensor):
        return {name: tree}
    pairs: Any = enumerate(tree) if isinstance(tree, (list, tuple)) else ()
    pairs = tree.items() if isinstance(tree, dict) else pairs
    return {key: leaf for at, value in pairs for key, leaf in leaves(value, f'{name}[{at!r}]').items()}


def floats(tree: Any) -> Dict[str, torch.Tensor]:
    """Return the floating-point tensors of ``tree`` by name."""
    return {name: tensor for name, tensor in leaves(tree).items() if tensor.is_floating_point()}


def difference(first: Any, second: Any, *, tolerance: float = 1e-4) -> str:
    """Say in a few words how two trees differ by more than rounding, relative to the largest value; else nothing."""
    first, second = leaves(first), leaves(second)
    if list(first) != list(second):
        return f'{list(first)} against {list(second)}'
    for name, tensor in first.items():
        other = second[name]
        if tensor.shape != other.shape:
            return f'{name or "a tensor"} of shape {tuple(tensor.shape)} against {tuple(other.shape)}'
        if tensor.numel():
            scale = 1.0 + float(tensor.detach().abs().max())
            worst = float((tensor.detach().double() - other.detach().double()).abs().max())
            if not worst <= tolerance * scale:
                return f'{name or "values"} that differ by up to {worst:.3g}'
    return ''


def describe(value: Any) -> str:
    """Return the keys of a dict, shape and type of a tensor or array, or the type of what is neither."""
    if isinstance(value, dict):
        return f'the streams {sorted(value)}'
    return f'{tuple(value.shape)} of {value.dtype}' if hasattr(value, 'dtype') else f'a {type(value).__name__}'
