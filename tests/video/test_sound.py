"""Captioned videos keep the recording's sound, at its times, and play in a browser."""

import base64
from fractions import Fraction

import av
import numpy as np
import pytest
from video_files import picture

from cslrkit.structures import GlossSpan, Hypothesis
from cslrkit.structures.result import InferenceResult
from cslrkit.video.captions import write_captioned
from cslrkit.video.sound import Sound
from cslrkit.video.video_clip import VideoClip

RATE = 48_000
TIMES = [0.5 + index / 25 for index in range(20)] + [1.5 + index / 10 for index in range(8)]  # two frame rates
BEEP = 1.2  # seconds on the file's clock


def write_recording(path, codec='aac', *, size=(48, 64)):
    """Pictures from 0.5 s on, with a varying rate; sound from 0 s on, silent until it beeps."""
    sound = np.zeros(RATE * 5 // 2, np.int16)
    sound[round(BEEP * RATE) :] = 9000 * np.sin(np.arange(len(sound) - round(BEEP * RATE)) * 2 * np.pi * 440 / RATE)
    with av.open(str(path), 'w') as container:
        video = container.add_stream('mpeg4' if size[0] % 2 else 'libx264', rate=25)
        video.height, video.width, video.pix_fmt = *size, 'yuv420p'
        video.codec_context.time_base = Fraction(1, 60_000)
        audio = container.add_stream(codec, rate=RATE, layout='mono')
        frame = av.AudioFrame.from_ndarray(sound[None], format='s16', layout='mono')
        frame.sample_rate = RATE
        for index, time in enumerate(TIMES):
            image = av.VideoFrame.from_ndarray(picture(index, size), format='rgb24')
            image.pts, image.time_base = round(time * 60_000), Fraction(1, 60_000)
            container.mux(video.encode(image))
        container.mux(video.encode())
        container.mux(audio.encode(frame))
        container.mux(audio.encode())
    return VideoClip(str(path))


def caption(clip, path):
    spans = [GlossSpan(1, 'REGEN', frames=(2, 9), times=(0.1, 0.4), confidence=1.0)]
    write_captioned(clip, InferenceResult('a', 'a', Hypothesis(spans, 0.0), 25.0, len(TIMES)), path)
    return path


def beep_after_first_frame(path):
    """Seconds from the first picture to the beep."""
    with av.open(str(path)) as container:
        first = next(container.decode(video=0)).time
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().astype(float).ravel()
            loud = np.flatnonzero(
                np.abs(samples) > 0.1 * (1 if frame.format.name.startswith(('flt', 'dbl')) else 2**15)
            )
            if len(loud):
                return frame.time + loud[0] / len(frame.layout.channels) / frame.sample_rate - first
    return None


@pytest.mark.parametrize(
    ('source', 'codec', 'target', 'expected'),
    [
        ('a.mp4', 'aac', 'b.mp4', 'aac'),
        ('a.mkv', 'libopus', 'b.mp4', 'opus'),
        ('a.mov', 'pcm_s16le', 'b.mp4', 'aac'),
        ('a.mp4', 'aac', 'b.webm', 'opus'),
        ('a.mp4', 'aac', 'b.avi', 'pcm_s16le'),
        ('a.mkv', 'aac', 'b.mkv', 'aac'),
    ],
)
def test_sound_is_kept_at_its_times(tmp_path, source, codec, target, expected):
    clip = write_recording(tmp_path / source, codec)
    path = caption(clip, tmp_path / target)
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == expected
    assert beep_after_first_frame(path) == pytest.approx(BEEP - TIMES[0], abs=0.05)
    if target != 'b.avi':  # which has no times
        written = [frame.time for frame in VideoClip(str(path)).frames()]
        np.testing.assert_allclose(written, np.subtract(TIMES, TIMES[0]), atol=0.002)


def test_sound_that_cannot_be_read_ends_with_a_warning(tmp_path, monkeypatch):
    whole = Sound._copied

    def broken(self, *arguments):
        yield next(whole(self, *arguments))
        raise av.InvalidDataError(1, 'Invalid data', 'a.mp4')

    monkeypatch.setattr(Sound, '_copied', broken)
    with pytest.warns(UserWarning, match=r'not all of its sound can be read \(Invalid data\)'):
        path = caption(write_recording(tmp_path / 'a.mp4'), tmp_path / 'b.mp4')
    assert len(list(VideoClip(str(path)).frames())) == len(TIMES)


@pytest.mark.slow
@pytest.mark.parametrize('target', ['b.mp4', 'b.webm'])
def test_captioned_videos_play_in_a_browser(browser, tmp_path, target):
    path = caption(write_recording(tmp_path / 'a.mp4', size=(47, 65)), tmp_path / target)
    kind = f'video/{path.suffix[1:]}'
    source = f'data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}'
    found = browser.execute_async_script(
        """
        const [source, done] = arguments, video = document.createElement('video');
        document.body.append(video);
        video.muted = true;
        video.onerror = () => done(video.error.message);
        video.onended = () => {
          const frames = video.getVideoPlaybackQuality().totalVideoFrames, sound = video.webkitAudioDecodedByteCount;
          done([video.videoWidth, video.videoHeight, video.currentTime, sound > 0, frames]);
        };
        video.src = source;
        video.play();
        """,
        source,
    )
    assert found[:2] == ([66, 48] if target == 'b.mp4' else [65, 47])
    assert found[2] == pytest.approx(2.0, abs=0.2)
    assert found[3]
    assert found[4] >= len(TIMES) - 2
