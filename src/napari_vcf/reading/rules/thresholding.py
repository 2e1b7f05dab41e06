"""Rule for lesion that is taken by a threshold against a reference tissue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vcf.geometry import Volume
from napari_vcf.language import said, say
from napari_vcf.measure import MeasureError, ReferenceSignal, reference_region, reference_signal, voxels_beyond
from napari_vcf.reading import actions as act
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.masks import decode_mask, encode_mask
from napari_vcf.reading.rules.base import Context, change_stage, image_for, reduce_action
from napari_vcf.reading.rules.carrying import after_masks
from napari_vcf.reading.state import LesionThreshold, ReadingState

__all__: list[str] = []


@reduce_action.register
def _(action: act.ThresholdLesion, state: ReadingState, context: Context) -> ReadingState:
    part = state.stages[action.stage]
    masks = part.masks
    if masks is None or masks.body.voxels == 0:
        raise RefusedActionError(say("Outline the vertebral body first; a threshold takes nothing outside it."))
    if any(draft.lesion_open for draft in part.drafts):
        raise RefusedActionError(
            say("A lesion was carried and waits: confirm or delete it before a threshold is taken.")
        )
    image = image_for(action.stage, masks.image, context)
    if action.volume >= len(image.series.volumes):
        raise RefusedActionError(say("{label} has no volume {volume}.", label=image.label, volume=action.volume + 1))
    volume = context.case.volume(masks.image, action.volume)
    body = decode_mask(masks.body, masks.grid.shape)
    lesion = decode_mask(masks.lesion, masks.grid.shape)
    reference = _reference(action, volume, body)
    threshold = action.factor * reference.mean
    held = np.flatnonzero(body.any(axis=(1, 2))).tolist()
    slices = tuple(index for index in held if action.slices is None or index in action.slices)
    if not slices:
        raise RefusedActionError(say("There is no body on this slice."))
    added = voxels_beyond(volume, body, threshold, action.side, slices=slices) & ~lesion
    if not added.any():
        raise RefusedActionError(
            say(
                "Nothing more of the body is {side} than {threshold:.4g} {unit} there.",
                side=action.side,
                threshold=threshold,
                unit=reference.unit,
            )
        )
    entry = LesionThreshold(
        tissue=action.tissue,
        center_lps=action.center_lps,
        radius_mm=action.radius_mm,
        volume=action.volume,
        side=action.side,
        factor=action.factor,
        reference_mean=reference.mean,
        reference_sd=reference.sd,
        reference_voxels=reference.voxels,
        threshold=threshold,
        unit=reference.unit,
        slices=slices,
        added_voxels=int(added.sum()),
        at=context.at,
    )
    changed = masks.model_copy(
        update={
            "lesion": encode_mask(lesion | added),
            "thresholds": (*masks.thresholds, entry),
            "at": context.at,
        }
    )
    return change_stage(state, action.stage, **after_masks(part, changed))


def _reference(action: act.ThresholdLesion, volume: Volume, body: NDArray[np.bool_]) -> ReferenceSignal:
    try:
        index, voxels = reference_region(volume.grid, action.center_lps, action.radius_mm)
        if body[index, voxels[:, 0], voxels[:, 1]].any():
            raise RefusedActionError(
                say("The reference lies in the painted body, which cannot be compared with itself.")
            )
        return reference_signal(volume, action.center_lps, radius_mm=action.radius_mm)
    except MeasureError as error:
        raise RefusedActionError(said(error)) from error
