"""Configs of datasets that read other datasets."""

from typing import Any, Dict, List


def datasets_in(dataset: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return the config of a dataset, or those that a wrapper such as ``ConcatDataset`` or ``RepeatDataset`` reads."""
    inner = [*(dataset.get('datasets') or ()), *([dataset['dataset']] if 'dataset' in dataset else [])]
    return [leaf for each in inner for leaf in datasets_in(each)] if inner else [dataset]
