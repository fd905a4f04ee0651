"""Packaging of cslrkit."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = next(
    line.split("'")[1] for line in (HERE / 'cslrkit' / '__init__.py').read_text().splitlines() if '__version__' in line
)

setup(
    name='cslrkit',
    version=VERSION,
    description='A toolkit for continuous sign language recognition',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['cslrkit', 'cslrkit.*']),
    python_requires='>=3.9',
    install_requires=[
        'torch>=2.1',
        'torchvision>=0.16',
        'mmengine>=0.10.4',
        'mmcv-lite>=2.1',
        'numpy>=1.24',
        'opencv-python>=4.8',
        'Pillow>=9.5',
        'pyyaml>=6.0',
        'tensorboard>=2.14',
    ],
    extras_require={'dev': ['pytest>=7.4', 'ruff>=0.6', 'safetensors>=0.4'], 'safetensors': ['safetensors>=0.4']},
)
