"""CT and MRI that declare one frame of reference: its own transform, for images that cannot settle the fit.

Images in one frame agree up to the patient's motion. A fit that can be trusted shows that motion and stands. Where it
cannot, as around soft tissue without bone, the frame says more than the fit does, as long as the images do not
contradict it.
"""

from __future__ import annotations

from napari_vcf.geometry import RigidTransform
from napari_vcf.registration.errors import NoOverlapError
from napari_vcf.registration.frame import Pose
from napari_vcf.registration.scene import Scene

__all__ = ["declared_pose", "frame_holds"]


def declared_pose(scene: Scene) -> Pose:
    """Six numbers: both images as their headers place them."""
    return scene.frame.pose_of(RigidTransform.identity())


def frame_holds(scene: Scene, clicked: Pose) -> bool:
    """Whether the images agree in their declared frame at least as well as with the clicked points on each other.

    Parameters
    ----------
    scene : Scene
        Where.
    clicked : Pose
        Six numbers: where the clicks put the images.

    Returns
    -------
    bool
        False where they do not meet in that frame.
    """
    declared = declared_pose(scene)
    try:
        objective = scene.objective(scene.vertebra, declared, scene.fine, center=declared[:3])
    except NoOverlapError:
        return False
    # The prior speaks of clicks; here the same voxels are asked what they say by themselves.
    said, wanted = (objective.value(pose) + objective.prior(pose)[0] for pose in (declared, clicked))
    return said >= wanted
