"""Checks of the installation: Python, packages, devices."""

import importlib
import os
import platform
import re
import shutil
import sys
from importlib import metadata
from typing import Dict, List, Tuple

from cslrkit.doctor.check import Checkup, FailedCheckError, Found, SkippedCheckError

OLDEST_PYTHON = (3, 9)
# Distribution -> the module that is imported.
PACKAGES = {
    'numpy': 'numpy',
    'torch': 'torch',
    'torchvision': 'torchvision',
    'mmengine': 'mmengine',
    'opencv-python': 'cv2',
    'mmcv-lite': 'mmcv',
    'Pillow': 'PIL',
    'pyyaml': 'yaml',
    'tensorboard': 'tensorboard',
}
_NEEDS = {'torchvision': 'torch', 'mmcv-lite': 'opencv-python'}  # whose fault would be theirs, too
_OPENCV = ('opencv-python', 'opencv-python-headless', 'opencv-contrib-python', 'opencv-contrib-python-headless')


def check_environment(checkup: Checkup) -> Dict[str, bool]:
    """Check Python, every package and the devices; returns which packages can be used."""
    checkup.run('python', _python)
    usable: Dict[str, bool] = {}
    for name in PACKAGES:
        needed = _NEEDS.get(name)
        if needed and not usable[needed]:
            checkup.skip(name, f'needs {needed}')
            usable[name] = False
        else:
            usable[name] = checkup.run(name, _package, name) is not None
    if usable['torch']:
        checkup.run('device', _device)
    else:
        checkup.skip('device', 'needs torch')
    return usable


def _python() -> Found:
    if sys.version_info < OLDEST_PYTHON:
        wanted = '.'.join(map(str, OLDEST_PYTHON))
        raise FailedCheckError(
            f'{platform.python_version()}, expected {wanted} or newer', f'Install Python {wanted} or newer.'
        )
    return Found(f'{platform.python_version()} ({sys.executable}), {platform.platform(terse=True)}')


def _package(name: str) -> Found:
    required = required_versions().get(name.lower(), '')
    wanted = f"'{name}>={required}'" if required else name
    try:
        module = importlib.import_module(PACKAGES[name])
    except Exception as error:  # a broken binary can raise nearly anything
        raise FailedCheckError(f'{type(error).__name__}: {error}', _import_advice(name, wanted, error)) from error
    version = str(getattr(module, '__version__', '') or metadata.version(name))
    if required and version_tuple(version) < version_tuple(required):
        raise FailedCheckError(f'{version}, expected {required} or newer', f'pip install --upgrade {wanted}')
    detail = version
    if name == 'opencv-python':
        installed = [dist for dist in _OPENCV if _is_installed(dist)]
        if len(installed) > 1:
            detail += f' ({" and ".join(installed)} are installed and share files; one is enough)'
        elif installed and installed[0] != name:
            detail += f' ({installed[0]})'
    return Found(detail)


def _import_advice(name: str, wanted: str, error: Exception) -> str:
    text = str(error)
    if name == 'opencv-python' and 'No module named' not in text:
        if 'cannot open shared object' in text or 'libGL' in text:
            return (
                'A system library is missing. Without a display, use the build that needs none: '
                '`pip uninstall -y opencv-python && pip install opencv-python-headless`; or install the libraries '
                '(Debian: `apt-get install libgl1 libglib2.0-0`).'
            )
        return '`pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python-headless`'
    if name == 'torchvision' and 'No module named' not in text:
        return 'torch and torchvision do not belong together: `pip install --force-reinstall torch torchvision`.'
    if name == 'mmcv-lite':
        return f'pip install {wanted} (not mmcv, which compiles CUDA code that is not needed)'
    return f'pip install {wanted}'


def required_versions() -> Dict[str, str]:
    """Lowest version of each package that cslrkit asks for, by its name in lower case."""
    try:
        requirements = metadata.requires('cslrkit') or []
    except metadata.PackageNotFoundError:
        return {}
    found: Dict[str, str] = {}
    for requirement in requirements:
        match = re.match(r'([A-Za-z0-9_.-]+)\s*\(?>=\s*([0-9][0-9.]*)', requirement)
        if match and 'extra ==' not in requirement:
            found[match.group(1).lower()] = match.group(2)
    return found


def version_tuple(version: str) -> Tuple[int, ...]:
    """Numbers of a version, e.g. ``(2, 14, 1)`` for ``2.14.1+cpu``."""
    return tuple(int(part) for part in re.match(r'[0-9.]*', version).group().split('.') if part)


def _is_installed(dist: str) -> bool:
    try:
        metadata.version(dist)
    except metadata.PackageNotFoundError:
        return False
    return True


def _device() -> Found:
    import torch

    threads = f'{torch.get_num_threads()} CPU threads of {os.cpu_count()} CPUs'
    if not torch.cuda.is_available():
        if shutil.which('nvidia-smi') and os.environ.get('CUDA_VISIBLE_DEVICES') != '':
            raise FailedCheckError(
                f'nvidia-smi is here, but torch {torch.__version__} (CUDA {torch.version.cuda}) sees no GPU',
                'Install a torch build for the CUDA version that nvidia-smi shows (https://pytorch.org/get-started), '
                'and look at CUDA_VISIBLE_DEVICES.',
            )
        raise SkippedCheckError(f'no GPU; everything runs on {threads}')
    names: List[str] = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        try:
            ones = torch.ones(64, 64, device=f'cuda:{index}')
            total = float((ones @ ones).sum())
        except RuntimeError as error:
            raise FailedCheckError(
                f'cuda:{index} ({properties.name}): {str(error).splitlines()[0]}',
                f'Is another program holding it? Otherwise torch {torch.__version__} may not support this GPU: install '
                'a build that does (https://pytorch.org/get-started).',
            ) from error
        if total != 64**3:
            raise FailedCheckError(
                f'cuda:{index} ({properties.name}): a product is {total}, expected {64**3}', 'Check the GPU.'
            )
        names.append(f'{properties.name} {properties.total_memory / 2**30:.0f} GB')
    return Found(f'{", ".join(names)}; CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}; {threads}')
