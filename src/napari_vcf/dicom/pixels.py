"""Stored pixel values of single frames, uncompressed or compressed.

Compressed frames are decoded by what pydicom finds installed: Pillow and OpenJPEG (JPEG, JPEG 2000), CharLS (JPEG-LS), pydicom
itself (RLE), and GDCM by way of SimpleITK for the lossless JPEG that these do not know. All of them are free of the GPL.
"""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.elements import DEFLATED, inflated
from napari_vcf.dicom.errors import HeaderError, PixelError
from napari_vcf.dicom.source import NATIVE_SYNTAXES, PixelLayout, SourceFile

__all__ = ["FrameReader"]

_LOSSLESS_JPEG: Final = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
#: Decoded or inflated files kept at once by one reader, in bytes at most (one file is always kept).
_KEPT_BYTES: Final = 64 << 20


class FrameReader:
    """Reads frames of any number of files; safe to use from several threads.

    Files that have to be decoded or inflated whole are kept for the next frame, up to a bound.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Path, NDArray[Any]] = OrderedDict()

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
        ndarray of int, shape (rows, columns)

        Raises
        ------
        PixelError
            If the pixels are damaged, cut short, or in an encoding that cannot be read; names the file.
        """
        layout = file.layout
        if layout.transfer_syntax in NATIVE_SYNTAXES and layout.transfer_syntax != DEFLATED:
            return _used_bits(_native(file, index), layout)
        with self._lock:
            frames = self._kept.get(file.path)
            if frames is None:
                frames = _inflated_frames(file) if layout.transfer_syntax == DEFLATED else _decoded(file)
                self._keep(file.path, frames)
            else:
                self._kept.move_to_end(file.path)
        return _used_bits(frames[index], layout)

    def _keep(self, path: Path, frames: NDArray[Any]) -> None:
        self._kept[path] = frames
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)


def _stored_type(layout: PixelLayout) -> np.dtype[Any]:
    code = f"{'i' if layout.signed else 'u'}{layout.bits_allocated // 8}"
    return np.dtype(f"{'>' if layout.big_endian else '<'}{code}")


def _native(file: SourceFile, index: int) -> NDArray[Any]:
    layout = file.layout
    dtype = _stored_type(layout)
    count = layout.rows * layout.columns
    try:
        values = np.fromfile(file.path, dtype=dtype, count=count, offset=layout.offset + index * layout.frame_bytes)
    except OSError as error:
        raise PixelError(f"{file.name}: the pixels cannot be read ({error.strerror or 'unreadable'}).") from error
    if values.size < count:
        raise PixelError(f"{file.name}: the file has become shorter since it was scanned; scan the folder again.")
    return values.reshape(layout.rows, layout.columns)


def _inflated_frames(file: SourceFile) -> NDArray[Any]:
    layout = file.layout
    try:
        buffer = inflated(file.path)
    except (HeaderError, OSError) as error:
        raise PixelError(f"{file.name}: {error}") from error
    count = layout.frames * layout.rows * layout.columns
    if len(buffer) < layout.offset + layout.frames * layout.frame_bytes:
        raise PixelError(f"{file.name}: the pixels are cut short.")
    values = np.frombuffer(buffer, dtype=_stored_type(layout), count=count, offset=layout.offset)
    return values.reshape(layout.frames, layout.rows, layout.columns)


def _decoded(file: SourceFile) -> NDArray[Any]:
    layout = file.layout
    frames = _decoded_by_itk(file) if layout.transfer_syntax in _LOSSLESS_JPEG else _decoded_by_pydicom(file)
    expected = (layout.frames, layout.rows, layout.columns)
    if frames.size != np.prod(expected):
        raise PixelError(f"{file.name}: decoding gave {frames.shape} pixels instead of {expected}.")
    return frames.reshape(expected)


def _decoded_by_pydicom(file: SourceFile) -> NDArray[Any]:
    import pydicom
    from pydicom.pixels.utils import pixel_array

    try:
        # Warnings of a decoder on a damaged file say nothing that its error or the size check does not.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(pixel_array(pydicom.dcmread(file.path, force=True)))
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged data; each becomes a refusal that names the file
        raise PixelError(
            f"{file.name}: pixels in transfer syntax {file.layout.transfer_syntax} cannot be decoded "
            f"({type(error).__name__}): the file is damaged or its compression is not supported."
        ) from error


def _decoded_by_itk(file: SourceFile) -> NDArray[Any]:
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(file.path))
    try:
        values = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:
        raise PixelError(f"{file.name}: lossless JPEG pixels cannot be decoded: the file is damaged.") from error
    # GDCM has no switch for stored values: its rescale is taken back exactly.
    slope = file.header.number(0x00281053) or 1.0
    intercept = file.header.number(0x00281052) or 0.0
    stored = np.rint((np.asarray(values, dtype=np.float64) - intercept) / slope)
    return stored.astype(_stored_type(file.layout).newbyteorder("="))


def _used_bits(values: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Drop bits that hold no pixel value (old overlays, rubbish), and extend the sign."""
    unused = layout.bits_allocated - layout.bits_stored
    if unused == 0:
        return values
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    left = layout.bits_allocated - 1 - layout.high_bit
    return np.asarray(np.right_shift(np.left_shift(native, left), unused))
