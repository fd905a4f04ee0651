"""Checks of the installation: Python, packages, devices, images and videos."""

import importlib
import os
import platform
import re
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Tuple

from cslrkit.doctor.check import Checkup, FailedCheckError, Found, SkippedCheckError
from cslrkit.utils.messages import plural

OLDEST_PYTHON = (3, 9)
# Distribution -> the module that is imported.
PACKAGES = {
    **{name: name for name in ('numpy', 'torch', 'torchvision', 'mmengine', 'av', 'jinja2', 'rich', 'tensorboard')},
    'opencv-python': 'cv2',
    'mmcv-lite': 'mmcv',
    'Pillow': 'PIL',
    'pympi-ling': 'pympi',
    'pyyaml': 'yaml',
}
_NEEDS = {'torchvision': ('torch',), 'mmcv-lite': ('opencv-python',)}  # whose fault would be theirs, too
_REINSTALL = 'Reinstall it: `pip install --force-reinstall {}`.'
_TOLERANCE = 12  # grey levels that lossy compression may change a flat area by
_OPENCV = ('opencv-python', 'opencv-python-headless', 'opencv-contrib-python', 'opencv-contrib-python-headless')


def check_installation(checkup: Checkup) -> Dict[str, bool]:
    """Check Python, every package, the devices, images and videos; returns which packages can be used."""
    found: Dict[str, Any] = {}

    def needs(*packages: str) -> Dict[str, Any]:
        return {package: found[package] for package in packages}

    checkup.run('python', _python)
    for name in PACKAGES:
        found[name] = checkup.run(name, _package, name, needs=needs(*_NEEDS.get(name, ())))
    checkup.run('device', _device, needs=needs('torch'))
    for kind, suffix, tolerance in (('PNG', '.png', 0), ('JPEG', '.jpg', _TOLERANCE)):
        checkup.run(f'{kind} images', _image, suffix, tolerance, needs=needs('numpy', 'opencv-python'))
    checkup.run('videos', _video, needs=needs('numpy', 'av'))
    return {name: value is not None for name, value in found.items()}


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

    threads = f'{plural(torch.get_num_threads(), "CPU thread")} of {os.cpu_count()} CPUs'
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
            if (ones @ ones).sum().item() != 64**3:
                raise RuntimeError('a product of matrices is wrong')
        except RuntimeError as error:
            raise FailedCheckError(
                f'cuda:{index} ({properties.name}): {str(error).splitlines()[0]}',
                f'Is another program holding it? Otherwise torch {torch.__version__} may not support this GPU: install '
                'a build that does (https://pytorch.org/get-started).',
            ) from error
        names.append(f'{properties.name} {properties.total_memory / 2**30:.0f} GB')
    return Found(f'{", ".join(names)}; CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}; {threads}')


def _image(suffix: str, tolerance: int) -> Found:
    import cv2
    import numpy as np

    picture = np.full((16, 24, 3), (200, 120, 40), dtype=np.uint8)
    done, content = cv2.imencode(suffix, picture)
    read = cv2.imdecode(content, cv2.IMREAD_COLOR) if done else None
    advice = _REINSTALL.format('opencv-python-headless')
    if read is None:
        raise FailedCheckError(f'OpenCV cannot {"read" if done else "write"} {suffix} files', advice)
    change = int(np.abs(read.astype(int) - picture).max())
    if change > tolerance:
        raise FailedCheckError(f'a picture changes by {change} grey levels when it is written and read', advice)
    return Found('written and read')


def _video() -> Found:
    import av
    import numpy as np

    levels = (30, 90, 150, 210)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, 'tiny.mp4'))
        with av.open(path, 'w') as out:
            stream = out.add_stream('mpeg4', rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
            for level in levels:
                frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, dtype=np.uint8), format='rgb24')
                out.mux(stream.encode(frame))
            out.mux(stream.encode())
        with av.open(path) as video:
            means = [float(frame.to_ndarray(format='rgb24').mean()) for frame in video.decode(video=0)]
    if len(means) != len(levels) or max(abs(mean - level) for mean, level in zip(means, levels)) > _TOLERANCE:
        raise FailedCheckError(
            f'{len(levels)} frames were written, {len(means)} came back with mean grey levels '
            f'{[round(mean) for mean in means]}, expected {list(levels)}',
            _REINSTALL.format('av'),
        )
    return Found(f'{len(levels)} frames written and read')
