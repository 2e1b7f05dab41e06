"""The window (level and width) in which each image of a desk is shown, its name, and whether it is inverted."""

from __future__ import annotations

from collections.abc import Callable

from psygnal import Signal

from napari_vcf.dicom import Role
from napari_vcf.geometry import Volume
from napari_vcf.language import say
from napari_vcf.widgets.desk.settings import Settings
from napari_vcf.widgets.desk.window_level import Window, presets, with_width

__all__ = ["AS_BEFORE", "BY_HAND", "ImageWindows"]

#: Names of a window that is no preset: set by hand on this image, or taken over from another of its kind.
BY_HAND, AS_BEFORE = say("By hand"), say("As last time")


class ImageWindows:
    """Windows of the images of one case; what is set is remembered for images of the same role.

    Parameters
    ----------
    settings : Settings
        What is remembered of each reader.
    shown : callable
        Gives the role of an image and which of its volumes is shown.
    voxels : callable
        Gives that volume.
    """

    #: The window of an image was set, or it was inverted; carries the image's id.
    changed = Signal(str)

    def __init__(
        self, settings: Settings, shown: Callable[[str], tuple[Role, int]], voxels: Callable[[str], Volume]
    ) -> None:
        self._settings = settings
        self._shown, self._voxels = shown, voxels
        self._windows: dict[tuple[str, int], Window] = {}
        self._presets: dict[tuple[str, int], dict[str, Window]] = {}
        self._names: dict[tuple[str, int], str] = {}
        self._inverted: set[str] = set()

    def clear(self) -> None:
        """Forget everything: another case comes."""
        for kept in (self._windows, self._presets, self._names, self._inverted):
            kept.clear()

    def forget_presets(self) -> None:
        """Work the presets out anew: a role or a unit was corrected."""
        self._presets.clear()

    def presets(self, image_id: str) -> dict[str, Window]:
        """Windows offered for an image."""
        role, index = self._shown(image_id)
        key = image_id, index
        if key not in self._presets:
            self._presets[key] = presets(role, self._voxels(image_id))
        return self._presets[key]

    def automatic(self, image_id: str) -> Window:
        """The window that follows from an image's own values; the first preset where that does not depend on them."""
        offered = self.presets(image_id)
        return offered.get("Automatic", self._first(image_id))

    def _first(self, image_id: str) -> Window:
        return next(iter(self.presets(image_id).values()))

    def of(self, image_id: str) -> Window:
        """The window in which an image is shown."""
        role, index = self._shown(image_id)
        key = image_id, index
        if key not in self._windows:
            kept = self._settings.window(role.value, self.automatic(image_id), self._voxels(image_id).unit)
            self._windows[key] = kept or self._first(image_id)
            self._names[key] = self._preset_of(image_id, self._windows[key]) or AS_BEFORE
        return self._windows[key]

    def name_of(self, image_id: str) -> str:
        """What the window of an image is called: a preset, or how it came about."""
        self.of(image_id)
        return self._names[image_id, self._shown(image_id)[1]]

    def _preset_of(self, image_id: str, window: Window) -> str | None:
        """The preset that a window is, if it is one."""
        low, high = window
        for name, (lower, upper) in self.presets(image_id).items():
            if max(abs(low - lower), abs(high - upper)) <= 1e-6 * max(upper - lower, 1e-9):
                return name
        return None

    def set(self, image_id: str, window: Window, *, name: str | None = None) -> None:
        """Set the window of an image, and remember it for images of its kind.

        Parameters
        ----------
        image_id : str
            The image.
        window : tuple of float
            (lower, upper) in the unit of its values; widened where it is too narrow to draw.
        name : str, optional
            What it is called, where it is neither a preset nor set by hand.
        """
        role, index = self._shown(image_id)
        window = with_width(window, self.automatic(image_id))
        self._windows[image_id, index] = window
        self._names[image_id, index] = name or self._preset_of(image_id, window) or BY_HAND
        self._settings.keep_window(role.value, window, self.automatic(image_id), self._voxels(image_id).unit)
        self.changed.emit(image_id)

    def reset(self, image_id: str) -> None:
        """Show an image in its first preset, not inverted."""
        self._inverted.discard(image_id)
        self.set(image_id, self._first(image_id))

    def is_inverted(self, image_id: str) -> bool:
        """Whether what is high is shown dark."""
        return image_id in self._inverted

    def invert(self, image_id: str) -> None:
        """Show what is high in an image dark and what is low bright, or as usual again."""
        self._inverted ^= {image_id}
        self.changed.emit(image_id)
