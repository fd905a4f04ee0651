"""Packaging of cslrkit."""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
VERSION = next(
    line.split("'")[1] for line in (HERE / 'cslrkit' / '__init__.py').read_text().splitlines() if '__version__' in line
)

# What a wheel carries beside the package, in the folder where OpenMMLab's tools look for it.
SHIPPED = ('configs', 'tools', 'model-index.yml')
SHIPPED_DIR = '.mim'


class BuildPy(build_py):
    """Build the package with the configs and tools of the checkout inside, each kept in one place."""

    def run(self) -> None:
        """Copy the modules and, unless the install is editable, what is shipped beside them."""
        if getattr(self, 'editable_mode', False):
            super().run()
            return
        package = Path(self.build_lib, 'cslrkit')
        shutil.rmtree(package, ignore_errors=True)  # an earlier build may have left files that are gone now
        super().run()
        ignored = shutil.ignore_patterns('__pycache__', '*.py[cod]', '.*')
        for name in SHIPPED:
            source, target = HERE / name, package / SHIPPED_DIR / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=ignored)
            elif source.is_file():
                shutil.copyfile(source, target)


setup(
    name='cslrkit',
    version=VERSION,
    description='A toolkit for continuous sign language recognition',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    keywords='sign language recognition, CSLR, SlowFast, CTC, video, PyTorch, mmengine',
    project_urls={'Published implementation of SlowFastSign': 'https://github.com/kaistmm/SlowFastSign'},
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: Console',
        'Intended Audience :: Science/Research',
        'Operating System :: POSIX :: Linux',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3 :: Only',
        'Programming Language :: Python :: 3.9',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    packages=find_packages(include=['cslrkit', 'cslrkit.*']),
    package_data={
        'cslrkit.demo': ['*.css', '*.html', '*.j2'],
        'cslrkit.visualization.html_report': ['*.css', '*.j2', '*.js'],
    },
    cmdclass={'build_py': BuildPy},
    entry_points={'console_scripts': ['cslrkit = cslrkit.__main__:main']},
    python_requires='>=3.9',
    install_requires=[
        'torch>=2.4',
        'torchvision>=0.19',
        'mmengine>=0.10.4',
        'mmcv-lite>=2.1',
        'numpy>=1.24',
        'opencv-python>=4.8',
        'Pillow>=9.5',
        'av>=14.1',
        'jinja2>=3.1',
        'pympi-ling>=1.70',
        'rich>=13',
        'pyyaml>=6.0',
        'tensorboard>=2.14',
    ],
    extras_require={
        # Of 0.19.7 mmengine imports a module that is gone. Install with DS_BUILD_OPS=0: nothing is compiled.
        'deepspeed': ['deepspeed>=0.13.2,<0.19.7'],
        'demo': ['gradio>=6.0,<7; python_version >= "3.10"'],
        'dev': [
            'h5py>=3.8',
            'pytest>=7.4',
            'pytest-xdist>=3.3',
            'ruff>=0.6',
            'safetensors>=0.4',
            'selenium>=4.11',
            'timm>=1.0',
            'zstandard>=0.22',
        ],
        'docs': ['sphinx>=7', 'myst-parser>=2', 'furo'],
        'onnx': ['onnx>=1.16', 'onnxruntime>=1.19', 'onnxscript>=0.5'],
        'hdf5': ['h5py>=3.8'],
        'hub': ['huggingface_hub>=0.23', 'safetensors>=0.4'],
        'pose': ['pose-format>=0.5'],
        'packed': ['zstandard>=0.22'],
        'safetensors': ['safetensors>=0.4'],
        'timm': ['timm>=1.0'],
    },
)
