"""Stored pixel values of single frames, uncompressed or compressed.

Compressed frames are decoded by what pydicom finds installed: Pillow and OpenJPEG (JPEG, JPEG 2000), CharLS (JPEG-LS),
pydicom itself (RLE), and GDCM by way of SimpleITK for the lossless JPEG that these do not know. None is under the GPL.
"""

from __future__ import annotations

import tempfile
import threading
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from napari_vcf.dicom.errors import HeaderError, PixelError
from napari_vcf.dicom.files.elements import DEFLATED, inflated
from napari_vcf.dicom.files.source import NATIVE_SYNTAXES, PixelLayout, SourceFile

__all__ = ["FrameReader"]

#: JPEG extended (12 bits) and lossless, which Pillow does not know.
_JPEG_OF_ITK: Final = frozenset({"1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
#: The elements that describe pixels, and the pixels.
_PIXEL_MODULE: Final = (
    *(0x00280002, 0x00280010, 0x00280011, 0x00280100),
    *(0x00280101, 0x00280102, 0x00280103, 0x7FE00010),
)
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
        ndarray of int or float, shape (rows, columns)

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
        raise PixelError(file.name, f"the pixels cannot be read ({error.strerror or 'unreadable'}).") from error
    if layout.swapped:
        values = values[: values.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)[before : before + count]
    if values.size < count:
        raise PixelError(file.name, "the file has become shorter since it was scanned; scan the folder again.")
    return values.reshape(layout.rows, layout.columns)


def _inflated_frames(file: SourceFile) -> NDArray[Any]:
    layout = file.layout
    try:
        buffer = inflated(file.path)
    except (HeaderError, OSError) as error:
        raise PixelError(file.name, f"{error}") from error
    count = layout.frames * layout.rows * layout.columns
    if len(buffer) < layout.offset + layout.frames * layout.frame_bytes:
        raise PixelError(file.name, "the pixels are cut short.")
    values = np.frombuffer(buffer, dtype=_stored_type(layout), count=count, offset=layout.offset)
    return values.reshape(layout.frames, layout.rows, layout.columns)


def _decoded(file: SourceFile) -> NDArray[Any]:
    layout = file.layout
    frames = _decoded_by_itk(file) if layout.transfer_syntax in _JPEG_OF_ITK else _decoded_by_pydicom(file)
    expected = (layout.frames, layout.rows, layout.columns)
    if frames.size != np.prod(expected):
        raise PixelError(file.name, f"decoding gave {frames.shape} pixels instead of {expected}.")
    return frames.reshape(expected)


def _decoded_by_pydicom(file: SourceFile) -> NDArray[Any]:
    import pydicom
    from pydicom.pixels.utils import pixel_array

    try:
        # Warnings of a decoder on a damaged file say nothing that its error or the size check does not.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(pixel_array(pydicom.dcmread(file.path, force=True), raw=True))
    except Exception as error:  # decoders raise anything on damaged data; each becomes an error that names the file
        raise PixelError(
            file.name,
            f"pixels in transfer syntax {file.layout.transfer_syntax} cannot be decoded "
            f"({type(error).__name__}): the file is damaged or its compression is not supported.",
        ) from error


def _decoded_by_itk(file: SourceFile) -> NDArray[Any]:
    """Decode with GDCM, from a copy that holds nothing but pixels: GDCM rescales some objects and not others."""
    import pydicom
    import SimpleITK as sitk  # noqa: N813 - the name that its users know
    from pydicom.uid import UID, MultiFrameGrayscaleWordSecondaryCaptureImageStorage, generate_uid

    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "pixels.dcm")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                full = pydicom.dcmread(file.path, force=True)
                kept = pydicom.Dataset()
                for tag in _PIXEL_MODULE:
                    kept[tag] = full[tag]
                kept.PhotometricInterpretation = "MONOCHROME2"
                kept.NumberOfFrames = file.layout.frames
                kept.SOPClassUID = MultiFrameGrayscaleWordSecondaryCaptureImageStorage
                kept.SOPInstanceUID = generate_uid()
                kept.file_meta = pydicom.dataset.FileMetaDataset()
                kept.file_meta.TransferSyntaxUID = UID(file.layout.transfer_syntax)
                kept.save_as(bare, enforce_file_format=True)
            reader = sitk.ImageFileReader()
            reader.SetImageIO("GDCMImageIO")
            reader.SetFileName(str(bare))
            return np.asarray(sitk.GetArrayFromImage(reader.Execute()))
        except Exception as error:  # as above: whatever a decoder raises, the file is named
            raise PixelError(
                file.name, f"JPEG pixels cannot be decoded ({type(error).__name__}): the file is damaged."
            ) from error


def _used_bits(values: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Drop bits that hold no pixel value (old overlays, rubbish), and extend the sign."""
    unused = layout.bits_allocated - layout.bits_stored
    if unused == 0:
        return values
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    left = layout.bits_allocated - 1 - layout.high_bit
    return np.asarray(np.right_shift(np.left_shift(native, left), unused))
