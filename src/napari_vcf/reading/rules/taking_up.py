"""Rule for going on from an exported document."""

from __future__ import annotations

from napari_vcf.language import say
from napari_vcf.reading import actions as act
from napari_vcf.reading.body_slices import lesion_outside
from napari_vcf.reading.errors import RefusedActionError
from napari_vcf.reading.rules.base import Context, reduce_action
from napari_vcf.reading.state import ReadingState

__all__: list[str] = []


@reduce_action.register
def _(action: act.TakeUpReading, state: ReadingState, context: Context) -> ReadingState:
    if state != ReadingState():
        raise RefusedActionError(say("A document is taken up before anything is read; open the case anew for it."))
    if action.state.continues is None:
        raise RefusedActionError(say("It is not said which document is taken up."))
    used = {entry.ct_image for entry in action.state.registrations.values()}
    for stage in action.state.stages.values():
        used |= {caliper.image for caliper in stage.calipers} | {roi.image for roi in stage.rois}
        if stage.masks is not None:
            proposal = stage.masks.proposal
            used |= {stage.masks.image, *(() if proposal is None else proposal.images)}
            used |= set() if proposal is None or proposal.source is None else {proposal.source.lies_in}
    lost = used - set(context.case.images)
    if lost:
        raise RefusedActionError(
            say(
                "{count} of the images that were read are not among those that are open; open the folder "
                "that was read.",
                count=len(lost),
            )
        )
    for stage in action.state.stages.values():
        if stage.masks is None:
            continue
        image = context.case.image(stage.masks.image)
        if not stage.masks.grid.grid().is_close_to(image.series.grid):
            raise RefusedActionError(
                say("What was painted does not lie on the grid of {label} as it is now.", label=image.label)
            )
        if lesion_outside(stage.masks):
            raise RefusedActionError(say("The lesion reaches outside the vertebral body."))
    return action.state
