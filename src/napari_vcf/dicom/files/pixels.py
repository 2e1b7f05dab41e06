"""Stored pixel values of single frames, uncompressed or compressed.

Compressed frames are decoded by imagecodecs (BSD; it bundles libjpeg-turbo, CharLS, OpenJPEG), RLE by pydicom. None is
under the GPL. Decoded values are never masked: a lossy stream may rightly give more than its stored bits would hold.
"""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import HeaderError, PixelError
from napari_vcf.dicom.files.elements import DEFLATED, inflated
from napari_vcf.dicom.files.fragments import streams_of
from napari_vcf.dicom.files.source import NATIVE_SYNTAXES, PixelLayout, SourceFile
from napari_vcf.language import said, say
from napari_vcf.records.errors import system_says

__all__ = ["FrameReader"]

_RLE: Final = "1.2.840.10008.1.2.5"
_COMPRESSED: Final = "1.2.840.10008.1.2.4."
#: Last part of the transfer syntax -> what it is called, and the codec for it.
_CODECS: Final = {
    "50": ("JPEG", "jpeg"),
    "51": (say("JPEG of 12 bits"), "jpeg"),
    "57": (say("lossless JPEG"), "jpeg"),
    "70": (say("lossless JPEG"), "jpeg"),
    "80": ("JPEG-LS", "jpegls"),
    "81": ("JPEG-LS", "jpegls"),
    "90": ("JPEG 2000", "jpeg2k"),
    "91": ("JPEG 2000", "jpeg2k"),
    "201": (say("high-throughput JPEG 2000"), "jpeg2k"),
    "202": (say("high-throughput JPEG 2000"), "jpeg2k"),
    "203": (say("high-throughput JPEG 2000"), "jpeg2k"),
}
#: Marks the end of a JPEG stream; its decoder makes up what is missing before it, so that it must be there.
_JPEG_END: Final = b"\xff\xd9"
#: Decoded or inflated frames kept at once by one reader, in bytes at most (one is always kept).
_KEPT_BYTES: Final = 64 << 20


class FrameReader:
    """Reads frames of any number of files; safe to use from several threads.

    Files that have to be decoded or inflated whole are kept for the next frame, up to a bound.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Path, int], NDArray[Any]] = OrderedDict()
        self._streams: dict[Path, list[bytes]] = {}

    def read(self, file: SourceFile, index: int) -> NDArray[Any]:
        """One frame as stored.

        Parameters
        ----------
        file : SourceFile
            The file.
        index : int
            The frame.

        Returns
        -------
        ndarray of int or float, shape (rows, columns)

        Raises
        ------
        PixelError
            If the pixels are damaged, cut short, or in an encoding that cannot be read; names the file.
        """
        layout = file.layout
        if layout.transfer_syntax in NATIVE_SYNTAXES and layout.transfer_syntax != DEFLATED:
            return _used_bits(_native(file, index), layout)
        if layout.transfer_syntax in (DEFLATED, _RLE):
            with self._lock:
                frames = self._kept.get((file.path, -1))
                if frames is None:
                    frames = _inflated_frames(file) if layout.transfer_syntax == DEFLATED else _run_lengths(file)
                    self._keep((file.path, -1), frames)
            return _used_bits(frames[index], layout)
        with self._lock:
            values = self._kept.get((file.path, index))
            if values is None:
                if file.path not in self._streams:
                    # Frames of a file come one after the other; the streams of one file at a time are kept.
                    self._streams = {file.path: _streams(file)}
                stream = self._streams[file.path][index]
        if values is None:
            values = _decoded(file, stream)
            with self._lock:
                self._keep((file.path, index), values)
        return values

    def _keep(self, key: tuple[Path, int], values: NDArray[Any]) -> None:
        self._kept[key] = values
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)


def _stored_type(layout: PixelLayout) -> np.dtype[Any]:
    code = f"{'f' if layout.floating else 'i' if layout.signed else 'u'}{layout.bits_allocated // 8}"
    return np.dtype(f"{'>' if layout.big_endian else '<'}{code}")


def _native(file: SourceFile, index: int) -> NDArray[Any]:
    layout = file.layout
    dtype = _stored_type(layout)
    count = layout.rows * layout.columns
    start = index * layout.frame_bytes
    # Bytes within words of 16 bits: the words that hold the frame, then their bytes in order.
    before, after = (start % 2, (start + count) % 2) if layout.swapped else (0, 0)
    try:
        values = np.fromfile(
            file.path, dtype=dtype, count=before + count + after, offset=layout.offset + start - before
        )
    except OSError as error:
        raise PixelError(file.name, say("the pixels cannot be read ({reason}).", reason=system_says(error))) from error
    if layout.swapped:
        values = values[: values.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)[before : before + count]
    if values.size < count:
        raise PixelError(file.name, say("the file has become shorter since it was scanned; scan the folder again."))
    return values.reshape(layout.rows, layout.columns)


def _inflated_frames(file: SourceFile) -> NDArray[Any]:
    layout = file.layout
    try:
        buffer = inflated(file.path)
    except (HeaderError, OSError) as error:
        raise PixelError(file.name, said(error)) from error
    count = layout.frames * layout.rows * layout.columns
    if len(buffer) < layout.offset + layout.frames * layout.frame_bytes:
        raise PixelError(file.name, say("the pixels are cut short."))
    values = np.frombuffer(buffer, dtype=_stored_type(layout), count=count, offset=layout.offset)
    return values.reshape(layout.frames, layout.rows, layout.columns)


def _run_lengths(file: SourceFile) -> NDArray[Any]:
    import pydicom
    from pydicom.pixels.utils import pixel_array

    layout = file.layout
    try:
        # Warnings of a decoder on a damaged file say nothing that its error or the size check does not.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frames = np.asarray(pixel_array(pydicom.dcmread(file.path, force=True), raw=True))
    except Exception as error:  # the decoder raises anything on damaged data; each becomes an error that names the file
        raise PixelError(
            file.name,
            say(
                "run-length encoded pixels cannot be decoded ({kind}): the file is damaged.", kind=type(error).__name__
            ),
        ) from error
    expected = (layout.frames, layout.rows, layout.columns)
    if frames.size != np.prod(expected):
        raise PixelError(
            file.name, say("decoding gave {shape} pixels instead of {expected}.", shape=frames.shape, expected=expected)
        )
    return frames.reshape(expected)


def _streams(file: SourceFile) -> list[bytes]:
    """The compressed stream of each frame."""
    layout = file.layout
    try:
        streams = streams_of(file.path, layout.offset, file.path.stat().st_size, layout.frames)
    except HeaderError as error:
        raise PixelError(file.name, said(error)) from error
    except OSError as error:
        raise PixelError(file.name, say("the pixels cannot be read ({reason}).", reason=system_says(error))) from error
    if len(streams) != layout.frames:
        raise PixelError(
            file.name,
            say(
                "holds {count} compressed frames instead of {frames}.",
                count=len(streams),
                frames=layout.frames,
            ),
        )
    return streams


def _decoded(file: SourceFile, stream: bytes) -> NDArray[Any]:
    """One frame as a whole, in the type of the pixels."""
    layout = file.layout
    number = layout.transfer_syntax.removeprefix(_COMPRESSED)
    if not layout.transfer_syntax.startswith(_COMPRESSED) or number not in _CODECS:
        raise PixelError(
            file.name,
            say("its compression ({transfer_syntax}) is not supported.", transfer_syntax=layout.transfer_syntax),
        )
    name, codec = _CODECS[number]
    if codec == "jpeg" and _JPEG_END not in stream[-16:]:
        raise PixelError(file.name, say("pixels in {name} are cut short.", name=name))
    try:
        import imagecodecs

        decode = getattr(imagecodecs, f"{codec}_decode")
    except (ImportError, AttributeError) as error:
        raise PixelError(
            file.name,
            say(
                "pixels in {name} need the decoder {codec} of the package imagecodecs, which is not installed.",
                name=name,
                codec=codec,
            ),
        ) from error
    try:
        values = np.asarray(decode(stream))
    except Exception as error:  # as above: whatever a decoder raises, the file is named
        raise PixelError(
            file.name,
            say(
                "pixels in {name} cannot be decoded ({kind}): the file is damaged.",
                name=name,
                kind=type(error).__name__,
            ),
        ) from error
    if values.shape != (layout.rows, layout.columns) or values.dtype.kind not in "iu":
        raise PixelError(
            file.name,
            say(
                "pixels in {name} decode to {shape} instead of {expected}.",
                name=name,
                shape=values.shape,
                expected=(layout.rows, layout.columns),
            ),
        )
    return _as_stated(values, layout)


def _as_stated(values: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Decoded values with the sign that the header states.

    Most streams know no sign: they hold the bits of a negative number as those of a large one.
    """
    if layout.overlaid:
        return _used_bits(values.astype(_stored_type(layout).newbyteorder("="), copy=False), layout)
    if not layout.signed or values.dtype.kind == "i":
        return values
    bits = layout.bits_stored if int(values.max()) < 1 << layout.bits_stored else layout.bits_allocated
    wide = values.astype(np.int64)
    return np.where(wide >= 1 << (bits - 1), wide - (1 << bits), wide).astype(np.int32)


def _used_bits(values: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Drop bits that hold no pixel value (old overlays, rubbish), and extend the sign."""
    unused = layout.bits_allocated - layout.bits_stored
    if unused == 0:
        return values
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    left = layout.bits_allocated - 1 - layout.high_bit
    return np.asarray(np.right_shift(np.left_shift(native, left), unused))
