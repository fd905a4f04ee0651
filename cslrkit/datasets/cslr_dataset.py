"""A corpus of signed sentences: frames, features or keypoints, and gloss annotations."""

import warnings
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from mmengine.dataset import BaseDataset, Compose

from cslrkit.corpora.base import Corpus, find_corpus
from cslrkit.corpora.frame_rates import are_alike, commonest_rate
from cslrkit.corpora.info_file import describe_unknown, encode_entries, find_info_file, read_entries
from cslrkit.datasets.transforms.sample import PlannedSample
from cslrkit.datasets.transforms.temporal import LengthTransform
from cslrkit.errors import ConfigError, DataError
from cslrkit.registry import CLIP_READERS, DATASETS, FEATURE_READERS, KEYPOINT_READERS, TRANSFORMS
from cslrkit.structures import GlossVocab, TemporalSpec
from cslrkit.structures.gloss_vocab import AnyVocab
from cslrkit.structures.temporal_spec import steps_needed
from cslrkit.utils.config_path import config_path
from cslrkit.video.clip import Clip
from cslrkit.video.clip_reader import ClipReader, reader_config

UNKNOWN_GLOSS_RULES = ('drop', 'error')
_MOVED = ('corpus', 'features_dir', 'default_frame_subdir', 'default_frame_rate')  # to cslrkit.corpora


@DATASETS.register_module()
class CSLRDataset(BaseDataset):
    """Sentences of a corpus, each a folder of frames and a sequence of glosses.

    Everything that the annotations can tell is checked when the dataset is built; the frames of a
    sample are looked up when it is read. A sample that cannot be read is an error, never replaced.
    The corpus says where its frames are, see :class:`cslrkit.corpora.Corpus`.

    Source: behaviour of ``BaseFeeder`` in ``dataset/dataloader_video.py`` of kaistmm/SlowFastSign
    37d1b6c. Differs: every entry is read, unknown glosses are counted and named, missing frames
    are an error.

    Sample dict handed to the pipeline, a :class:`PlannedSample`: ``sample_id``, ``split``, ``signer``,
    ``original_info`` (str), ``glosses`` (tuple of raw gloss strings), ``gloss_ids`` (list of int),
    ``frames`` (:class:`Clip`, none decoded yet), ``frame_paths`` (list of str, sorted by name;
    only where frames are files), or in their place ``features`` (:class:`FeatureClip`, not read yet) or ``keypoints``
    (:class:`Keypoints`), which may also be beside them;
    ``frame_rate`` (float or None), ``frame_interval`` (int), ``num_frames`` (int, as annotated),
    ``sample_idx`` (int).

    Args:
        data_root: Folder of the corpus.
        split: ``'train'``, ``'dev'`` or ``'test'``: the name before ``_info.npy``.
        corpus: Name of a registered corpus, or a dict with ``type`` and the arguments of its class.
            ``'custom'`` takes frames from ``{data_root}/{frame_subdir}/{folder}``, where ``folder`` comes from
            the annotation.
        ann_dir: Folder with ``{split}_info.npy`` and ``gloss_dict.npy``, relative to ``data_root``
            unless absolute.
        frame_subdir: Folder with the frames of all samples, relative to the corpus's folder of
            features; None takes the corpus's usual one.
        frames: Where frames come from: ``type``, a name in CLIP_READERS, and the arguments of that
            reader; None is ``dict(type='ImageFolders')``.
        features: Where features come from that are read in the place of frames: ``type``, a name in FEATURE_READERS,
            and the arguments of that reader.
        keypoints: Where keypoints come from that are read in the place of frames, or beside them if ``frames`` are
            given, too: ``type``, a name in KEYPOINT_READERS, and the arguments of that reader.
        pipeline: Transforms, as dicts with ``type`` or as callables.
        test_mode: mmengine's mark of a dataset for evaluation; reading does not depend on it.
        frame_interval: Keep every n-th frame, from a random offset (transforms draw it).
        drop_last_entry: Leave out what the published feeder never read: the last sentence of CSL
            and CSL-Daily.
        on_unknown_gloss: ``'drop'`` leaves glosses outside the vocabulary out of ``gloss_ids``
            with one warning; ``'error'`` raises.
        frame_rate: Frames per second; None takes the corpus's, or else the entry's, or else the video's, if
            that is known.
        vocab: The vocabulary, as :meth:`GlossVocab.of` takes it; None reads ``gloss_dict.npy``.
        check_frames: Whether to check on building that there are frames. Without
            frames, only the annotations can be used.

    Raises:
        ConfigError: For a wrong argument.
        DataNotFoundError: If a folder or file is not where it is looked for.
        DataError: If an annotation is malformed, or a gloss unknown and that is an error.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        moved = [name for name in _MOVED if name in vars(cls)]
        if moved:
            raise ConfigError(
                f'{cls.__name__}: got {", ".join(moved)} of a dataset class of 0.1.0, expected a class in CORPORA with '
                "what its corpus is, and CSLRDataset(corpus='its name'). docs/add_a_corpus.md writes one."
            )

    def __init__(
        self,
        data_root: str,
        split: str,
        *,
        corpus: Union[str, Dict[str, Any], Corpus] = 'custom',
        ann_dir: str = 'preprocess',
        frame_subdir: Optional[str] = None,
        frames: Optional[Dict[str, Any]] = None,
        features: Optional[Dict[str, Any]] = None,
        keypoints: Optional[Dict[str, Any]] = None,
        pipeline: Sequence[Union[dict, Callable]] = (),
        test_mode: bool = False,
        frame_interval: int = 1,
        drop_last_entry: bool = False,
        on_unknown_gloss: str = 'drop',
        frame_rate: Optional[float] = None,
        vocab: Optional[AnyVocab] = None,
        check_frames: bool = True,
    ) -> None:
        self.split = split
        with config_path('corpus'):
            self.corpus = find_corpus(corpus)
        self._where = f'{self.corpus} {split}'
        if isinstance(frame_interval, bool) or not isinstance(frame_interval, int) or frame_interval < 1:
            raise ConfigError(f'{self._where}: frame_interval: got {frame_interval!r}, expected 1, 2, ...')
        if on_unknown_gloss not in UNKNOWN_GLOSS_RULES:
            raise ConfigError(
                f'{self._where}: on_unknown_gloss: got {on_unknown_gloss!r}, expected one of {UNKNOWN_GLOSS_RULES}.'
            )
        super().__init__(data_root=str(data_root), test_mode=test_mode, lazy_init=True)
        self.frame_interval = frame_interval
        self.frame_rate = self.corpus.frame_rate if frame_rate is None else float(frame_rate)
        self.on_unknown_gloss = on_unknown_gloss
        self.drop_last_entry = drop_last_entry
        self.frame_root = self.corpus.frame_root(self.data_root, frame_subdir)
        self.temporal_spec: Optional[TemporalSpec] = None
        self._steps = list(pipeline)
        with config_path('features'):
            place = dict(where=self._where, data_root=self.data_root, split=split)
            self.feature_reader = features and FEATURE_READERS.build(features, default_args=place)
        with config_path('keypoints'):
            place['image_size'] = self.corpus.frame_size
            self.keypoint_reader = keypoints and KEYPOINT_READERS.build(keypoints, default_args=place)
        self.adjust()
        self._info_file, vocab_file = find_info_file(
            Path(self.data_root, ann_dir), split, data_root=self.data_root, needs_vocab=vocab is None, where=self._where
        )
        self._vocab = GlossVocab.of(vocab_file if vocab is None else vocab)
        self.clip_reader = self._build_reader(frames)
        self._reads_frames = self.feature_reader is None and (self.keypoint_reader is None or frames is not None)
        if check_frames and self._reads_frames:
            self.clip_reader.check()
        self._metainfo = dict(corpus=self.corpus.name, split=split, glosses=self._vocab.glosses)
        self.full_init()
        for reader in (self.feature_reader, self.keypoint_reader):
            if reader is not None:
                reader.check([self.get_data_info(index) for index in range(len(self))])

    @property
    def vocab(self) -> GlossVocab:
        """The vocabulary that ``gloss_ids`` refer to."""
        return self._vocab

    @property
    def sample_ids(self) -> List[str]:
        """Ids of the samples, in order."""
        return [self.get_data_info(index)['sample_id'] for index in range(len(self))]

    @property
    def references(self) -> Dict[str, Tuple[str, ...]]:
        """Raw gloss strings of every sample by its id, unknown ones included."""
        infos = (self.get_data_info(index) for index in range(len(self)))
        return {info['sample_id']: info['glosses'] for info in infos}

    def seen_input(self) -> Dict[str, Any]:
        """Return what a network sees of clips that its corpus does not say.

        ``frame_size``, width and height of the first clip's frames, where frames are read; ``frame_rate``, where all
        sentences have one rate.
        """
        seen: Dict[str, Any] = {}
        if self._reads_frames and self.corpus.frame_size is None:
            seen['frame_size'] = [int(number) for number in self.clip(0).frame_size()[::-1]]
        rates = [self.frame_rate or self.get_data_info(index)['frame_rate'] for index in range(len(self))]
        if self.corpus.frame_rate is None and None not in rates and are_alike(rates):
            seen['frame_rate'] = commonest_rate(rates)
        return seen

    def adjust(
        self, *, frame_interval: Optional[int] = None, transforms: Optional[Mapping[str, Mapping[str, Any]]] = None
    ) -> None:
        """Build the pipeline, with what a curriculum changes for an epoch.

        Args:
            frame_interval: Another interval; None leaves it. A sentence whose glosses need more steps than it leaves,
                with the shortest clip that the pipeline can draw, is read at the largest interval that is enough, where
                ``temporal_spec`` is set.
            transforms: Arguments that replace those of the pipeline, by the class of a transform.
        """
        if frame_interval is not None:
            self.frame_interval = frame_interval
        if self.feature_reader is not None and self.frame_interval != 1:
            raise ConfigError(
                f'{self._where}: got frame_interval={self.frame_interval} with features, expected 1: a row stands for '
                'as many frames as it was computed from.'
            )
        changed = transforms or {}
        steps = [{**step, **changed.get(step['type'], {})} if isinstance(step, dict) else step for step in self._steps]
        # Built here, because mmengine's Compose asks its own registry unless a scope is set.
        self.pipeline = Compose([_build_transform(step) for step in steps])

    def interval_of(self, info: Mapping[str, Any]) -> int:
        """Return the interval at which frames of a sample are kept, see :meth:`adjust`."""
        if self.temporal_spec is None:
            return self.frame_interval
        needed = steps_needed(info['gloss_ids'])
        for interval in range(self.frame_interval, 1, -1):
            frames = info['num_frames'] // interval  # from the latest offset
            for transform in self.pipeline.transforms:
                if isinstance(transform, LengthTransform):
                    frames = transform.shortest(frames, interval)
            if self.temporal_spec.feat_len(self.temporal_spec.frame_len(frames)) >= needed:
                return interval
        return 1

    def load_data_list(self) -> List[Dict[str, Any]]:
        """Read and check the annotation; called once, when the dataset is built."""
        entries = read_entries(self._info_file, where=self._where, drop_last_entry=self.drop_last_entry)
        if not entries:
            raise DataError(f'{self._where}: drop_last_entry leaves no entry of {self._info_file}.')
        encoded, unknown, affected = encode_entries(entries, self._vocab)
        if unknown:
            message = f'{self._where}: {describe_unknown(unknown, affected, len(entries))}.'
            if self.on_unknown_gloss == 'error':
                raise DataError(
                    f"{message} The first is in sample '{affected[0]}'. Prepare the vocabulary again, name one "
                    "that has them (model.vocab in a config), or set on_unknown_gloss='drop'."
                )
            warnings.warn(f'{message} They are dropped from the targets and stay in the references.', stacklevel=4)
        return [dict(entry, gloss_ids=gloss_ids) for entry, gloss_ids in zip(entries, encoded)]

    def clip(self, idx: int) -> Clip:
        """Return all frames of sample ``idx``, none decoded yet; raises as :meth:`prepare_data`."""
        info = self.get_data_info(idx)
        return self.clip_reader.clip(
            self.frame_pattern(info['folder']), where=f"{self._where}: sample '{info['sample_id']}'"
        )

    def prepare_data(self, idx: int) -> Any:
        """Find the frames, features or keypoints of sample ``idx`` and run the pipeline.

        Raises:
            DataNotFoundError: If the sample's folder does not exist.
            DataError: If no frame is in it, or its keypoints cannot be used.
        """
        idx = idx + len(self) if idx < 0 else idx
        sample = PlannedSample(self.get_data_info(idx))
        del sample['folder']
        sample.update(split=self.split, frame_interval=self.interval_of(sample))
        rate = self.frame_rate or sample.get('frame_rate')
        if self.feature_reader is not None:
            sample['features'] = self.feature_reader.clip(sample['sample_id'])
        if self.keypoint_reader is not None:
            sample['keypoints'] = self.keypoint_reader.read(sample['sample_id'], sample['num_frames'])
            rate = rate or sample['keypoints'].frame_rate
        if self._reads_frames:
            sample['frames'] = frames = self.clip(idx)
            if frames.paths is not None:
                sample['frame_paths'] = frames.paths
            rate = rate or frames.frame_rate
        if rate is not None:
            sample['frame_rate'] = rate
        return self.pipeline(sample)

    def frame_pattern(self, folder: str) -> str:
        """Turn an annotation's ``folder`` into a glob pattern relative to the folder of frames."""
        return self.corpus.pattern(folder)

    def __getitem__(self, idx: int) -> Any:
        """Return sample ``idx`` after the pipeline; unlike in mmengine, never another one."""
        sample = self.prepare_data(idx)
        if sample is None:
            raise DataError(f'{self._where}: a transform returned None for sample {idx}, expected the sample dict.')
        return sample

    def _build_reader(self, frames: Optional[Dict[str, Any]]) -> ClipReader:
        config = reader_config(dict(type='ImageFolders') if frames is None else frames)
        if not isinstance(config, dict) or 'type' not in config:
            raise ConfigError(
                f"{self._where}: frames: got {frames!r}, expected dict(type='ImageFolders') or another type."
            )
        place = dict(frame_root=self.frame_root, where=self._where, data_root=self.data_root)
        return CLIP_READERS.build({**place, **config})


def corpus_of(dataset: Mapping[str, Any]) -> Corpus:
    """Return the corpus of a dataset config."""
    cls = DATASETS.lookup(dataset['type'])
    return find_corpus(getattr(cls, 'own_corpus', None) or dataset.get('corpus', 'custom'))


def _build_transform(step: Union[dict, Callable]) -> Callable:
    if isinstance(step, dict):
        return TRANSFORMS.build(step)
    if callable(step):
        return step
    raise ConfigError(f'pipeline: got {step!r}, expected a dict with a type or a callable.')
