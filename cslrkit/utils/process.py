"""Settings of a whole process: made where a program starts, never by building an object."""

import logging
import os
import warnings

# What libraries say of themselves, which a user can neither cause nor mend.
_NOISE = (
    # A 1 x 1 x 1 kernel has several right layouts, and torch tells of each that differs.
    'Grad strides do not match bucket view strides',
    # torch 2.14 says that mmengine's way of gathering weights will go.
    r'FSDP\.state_dict_type\(\) and FSDP\.set_state_dict_type\(\)',
    r'`torch\.distributed\.\w+` is deprecated',  # by DeepSpeed
)

MAX_PIXELS = 1 << 26  # of an image: 8192 x 8192; a small file can state many more


def prepare_process() -> None:
    """Prepare this process for training or testing; what the user set stays."""
    # A CPU kernel is made for each layer and clip length; oneDNN's default of 1024 is thrown out and made anew.
    os.environ.setdefault('ONEDNN_PRIMITIVE_CACHE_CAPACITY', '16384')
    os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(MAX_PIXELS))  # read when OpenCV is imported
    if 'OMP_WAIT_POLICY' not in os.environ:
        # A thread that waits for another keeps its core for milliseconds, of which busy processes take their share:
        # benchmarks/busy.py measures both. Read when PyTorch is imported.
        os.environ.setdefault('GOMP_SPINCOUNT', '10000')
    logging.raiseExceptions = False  # a log on a full disk would print a traceback for each line
    for message in _NOISE:
        warnings.filterwarnings('ignore', message=message)
