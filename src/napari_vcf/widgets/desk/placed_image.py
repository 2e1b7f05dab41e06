"""An image on the plane of a view: its own voxels where they lie along it, else resampled slice by slice as shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Grid, RigidTransform, Volume
from napari_vcf.registration.reslicing import reslice_slice
from napari_vcf.widgets.desk.space import View, axis_order, turned_grid

__all__ = ["LazyReslice", "PlacedImage", "place_image"]

#: Slices no further apart are the same.
_SAME_MM = 0.05


class LazyReslice:
    """Looks like an array on the slices of a view; resamples a slice when it is asked for, and nothing before.

    Parameters
    ----------
    volume : Volume
        Native voxels.
    grid : Grid
        Pixels to show, along the axes of a view.
    transform : RigidTransform or None
        From the volume's patient space to the view's.
    fill : float
        Value shown outside the volume.
    """

    ndim = 3

    def __init__(self, volume: Volume, grid: Grid, transform: RigidTransform | None, fill: float) -> None:
        self._volume = volume
        self._grid = grid
        self._transform = transform
        self._fill = fill
        self._last: tuple[int, NDArray[np.float32]] | None = None
        self.shape = grid.shape
        self.dtype = np.dtype(np.float32)
        self.size = int(np.prod(grid.shape))

    def __len__(self) -> int:
        return int(self.shape[0])

    def plane(self, index: int) -> NDArray[np.float32]:
        """One resampled slice, the last one kept."""
        last = self._last
        if last is None or last[0] != index:
            image = reslice_slice(self._volume, self._grid, index, self._transform)
            # Taken by its name, not from the object: napari may ask on two threads.
            self._last = last = (index, np.nan_to_num(np.asarray(image, dtype=np.float32), nan=self._fill))
        return last[1]

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        keys = key if isinstance(key, tuple) else (key,)
        first = keys[0] if keys else slice(None)
        if isinstance(first, int | np.integer):
            return self.plane(int(first) % self.shape[0])[keys[1:]]
        wanted = np.arange(self.shape[0])[first]
        return np.stack([self.plane(int(index)) for index in wanted])[(slice(None), *keys[1:])]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        stacked = self[:]
        return stacked if dtype is None else stacked.astype(dtype)


class PlacedImage:
    """An image as an array on the world's axes.

    Attributes
    ----------
    data : array-like
        (slice, row, column).
    scale_mm, translate_mm : ndarray, shape (3,)
        Position in the world.
    resliced : bool
        Whether the pixels are interpolated; native voxels otherwise.
    """

    def __init__(self, data: Any, scale_mm: NDArray[Any], translate_mm: NDArray[Any], *, resliced: bool) -> None:
        self.data = data
        self.scale_mm = scale_mm
        self.translate_mm = translate_mm
        self.resliced = resliced


def place_image(
    volume: Volume,
    view: View,
    transform: RigidTransform | None,
    fill: float,
    lazily: type[LazyReslice] = LazyReslice,
    *,
    on_slices: bool = False,
) -> PlacedImage:
    """Put a volume on the plane of a view.

    Parameters
    ----------
    volume : Volume
        Native voxels.
    view : View
        The plane.
    transform : RigidTransform or None
        From the volume's patient space to the view's, where they differ.
    fill : float
        Value shown outside the volume.
    lazily : type
        What shows a slice that has to be resampled.
    on_slices : bool
        Whether native voxels are shown only where their slices are the view's; what lies between two is resampled.

    Returns
    -------
    PlacedImage
        Native voxels where they lie along the plane's axes, a lazy reslice otherwise.
    """
    if transform is None:
        order = axis_order(volume.grid, view.frame)
        if order is not None and not (on_slices and _between_slices(turned_grid(volume.grid, order), view)):
            scale, translate = view.frame.placement(turned_grid(volume.grid, order))
            return PlacedImage(order.turn(volume.data), scale, translate, resliced=False)
    pixel = float(min(0.5, min(view.grid.spacing_mm[1:])))
    rows, columns = (
        round(n * step / pixel) for n, step in zip(view.grid.shape[1:], view.grid.spacing_mm[1:], strict=True)
    )
    affine = np.array(view.grid.affine_lps)
    first = view.grid.to_lps(
        ((pixel / view.grid.spacing_mm[2] - 1) / 2, (pixel / view.grid.spacing_mm[1] - 1) / 2, 0.0)
    )
    affine[:3, 0] *= pixel / view.grid.spacing_mm[2]
    affine[:3, 1] *= pixel / view.grid.spacing_mm[1]
    affine[:3, 3] = first
    grid = Grid((view.grid.shape[0], rows, columns), affine)
    scale, translate = view.frame.placement(grid)
    return PlacedImage(lazily(volume, grid, transform, fill), scale, translate, resliced=True)


def _between_slices(grid: Grid, view: View) -> bool:
    """Whether slices of a grid lie elsewhere than the view's: napari would draw the nearest, up to half a slice off."""
    if abs(grid.spacing_mm[0] - view.grid.spacing_mm[0]) > _SAME_MM:
        return True
    apart = float(view.frame.to_world(grid.origin_lps)[0] - view.positions_mm[0]) / grid.spacing_mm[0]
    return abs(apart - round(apart)) * grid.spacing_mm[0] > _SAME_MM
