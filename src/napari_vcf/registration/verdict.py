"""From what was found to a verdict: ``ok``, or ``doubtful`` with every reason."""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_vcf.language import Sentence, joined, say
from napari_vcf.registration.engine import CAPTURE_MM
from napari_vcf.registration.levels import LevelEvidence
from napari_vcf.registration.quality import Stability
from napari_vcf.registration.result import LEVEL_OPEN, Status

__all__ = ["Findings", "doubts_by_name", "frame_may_stand", "judge"]

#: The clicked level must explain the CT better than its rivals by this share. On two generators' cases clicks one level
#: off reached 0.057 beside a cemented vertebra and 0.033 elsewhere; nearly all stayed below zero.
LEVEL_MARGIN = 0.07
#: And the column's parts must agree in it: the mean gain over blocks, in standard errors, beyond what chance gives once
#: in a thousand. One level off it was below -3 on three generators' cases; between vertebrae made all alike it lay
#: within 1 of zero.
LEVEL_AGREEMENT = 3.1
#: Beyond 2 mm a measurement across the modalities makes no sense. One fit in ten is worse than it says; with errors
#: alike in all directions, not one in a hundred is worse than 1.38 times that. Of 72 ordinary cases none expected more.
MAX_ERROR_MM = 1.45
#: Between lying in a CT and in an MR scanner a vertebra turns by less; fits on the wrong level often turn by more.
_MAX_ANGLE_DEG = 16.0
_MAX_COLUMN_MM = 3.0
_MAX_RESTARTS_MM = 4.0
_MAX_FRAME_GAP_MM = 15.0
#: A patient who stayed on the table moves a vertebra by less; a fit farther off has more likely gone astray.
_MAX_FROM_FRAME_MM = 5.0
_MAX_PAIRS_MM = 4.0
_MIN_COVERED = 0.6
_RIVAL_SHARE = 0.98
#: Of 30 hard synthetic cases six had such a rival, all that were wrong by 1.9 mm and more among them; of 24 ordinary
#: ones none.
_MAX_RIVAL_MM = 1.5
#: Around the centre of a synthetic vertebra 0.19 and more is as dense as bone; in a buttock or a thigh a few per cent.
_MIN_BONE = 0.08
#: Expected error: root of a weighted sum of squares, so that nine in ten cases lie below it in each of five groups that
#: share no generator or no patient; checked on others. Noise and oedema leave less information, but of themselves they
#: make a fit hardly worse; the other places that fit nearly as well do.
_ERROR_WEIGHTS = {"restarts_mm": 0.03, "halves_mm": 0.25, "contrasts_mm": 0.1, "inverse_mm": 0.6, "column_mm": 0.1}
_RIVAL_WEIGHT = 0.2
_SLICE_WEIGHT = 0.04
_INFORMATION_WEIGHT_MM2 = 0.01
#: What none of the comparisons sees, such as a displacement of fat that all contrasts share.
_UNSEEN_MM = 0.6
#: With one contrast there is nothing to compare, and what fat's shift does is not seen.
_ONE_CONTRAST_MM = 1.1


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a verdict rests on.

    Parameters
    ----------
    stability : Stability
        Of the fit.
    evidence : LevelEvidence
        For the level.
    covered : float
        Share of the vertebra's region in the CT.
    contrasts : int
        Number of MR contrasts.
    rival_share : float
        Value of the best other place within the clicks' uncertainty, as a share of the one taken.
    slice_mm : float
        Distance of the CT's slices.
    information : float
        Mutual information for each contrast, in nats: what noise and bias leave of it.
    shift_mm, angle_deg : float
        From the start.
    frame_gap_mm : float or None
        Distance of the clicks in a shared frame of reference.
    from_frame_mm : float or None
        Distance of the fit from where a shared frame of reference places the images.
    pairs_residual_mm : float or None
        Of several clicked pairs.
    bone_share : float
        Share of the CT around its point that is as dense as bone.
    rival_mm : float
        How far away along the spine another place fits nearly as well.
    """

    stability: Stability
    evidence: LevelEvidence
    covered: float
    contrasts: int
    rival_share: float
    slice_mm: float
    information: float
    shift_mm: float = 0.0
    angle_deg: float = 0.0
    frame_gap_mm: float | None = None
    from_frame_mm: float | None = None
    pairs_residual_mm: float | None = None
    bone_share: float = 1.0
    rival_mm: float = 0.0

    def located(self, shift: float, angle: float, frame_gap: float | None, pairs_residual: float | None) -> Findings:
        """With what is known of the transform."""
        return replace(self, shift_mm=shift, angle_deg=angle, frame_gap_mm=frame_gap, pairs_residual_mm=pairs_residual)

    @property
    def expected_error_mm(self) -> float:
        """Mean distance at the body's landmarks that nine in ten such cases stay below."""
        total = _UNSEEN_MM**2 + _SLICE_WEIGHT * self.slice_mm**2 + _RIVAL_WEIGHT * self.rival_mm**2
        total += _INFORMATION_WEIGHT_MM2 / max(self.information, 0.05) ** 2
        for name, weight in _ERROR_WEIGHTS.items():
            total += weight * float(getattr(self.stability, name)) ** 2
        if self.contrasts < 2:
            total += _ONE_CONTRAST_MM**2
        return float(total**0.5)


def judge(findings: Findings) -> tuple[Status, str]:
    """The verdict, and a sentence for each reason.

    Parameters
    ----------
    findings : Findings
        Complete.

    Returns
    -------
    status : {"ok", "doubtful"}
        ``"ok"`` only where nothing speaks against it.
    reason : str
        Never empty.
    """
    doubts = [
        *_level_doubts(findings),
        *_place_doubts(findings),
        *_frame_doubts(findings),
        *_error_doubts(findings),
        *_fit_doubts(findings),
    ]
    if doubts:
        return "doubtful", joined(" ", doubts)
    margin = findings.evidence.margin
    level = (
        say("both images share one frame")
        if margin is None
        else say("the clicked level fits best by {margin:.0%}", margin=margin)
    )
    return "ok", say(
        "Nine in ten such fits are within {expected_error_mm:.1f} mm; {level}.",
        expected_error_mm=findings.expected_error_mm,
        level=level,
    )


def doubts_by_name(findings: Findings) -> list[str]:
    """Names of what is in doubt: ``level_open``, ``level_contradicted``, ``place``, ``frame``, ``error`` or ``fit``.

    ``level_open`` is what the images cannot settle, so that a reader's own count of the levels lifts it.
    """
    level = _level_doubts(findings)
    margin = findings.evidence.margin
    named = {
        LEVEL_OPEN: level if margin is None or margin >= 0 else [],
        "level_contradicted": level if margin is not None and margin < 0 else [],
        "place": _place_doubts(findings),
        "frame": _frame_doubts(findings),
        "error": _error_doubts(findings),
        "fit": _fit_doubts(findings),
    }
    return [name for name, doubts in named.items() if doubts]


def frame_may_stand(findings: Findings) -> bool:
    """Whether a frame of reference that both images share may stand in for a fit that cannot be trusted.

    A fit that is merely less exact is still nearer than a frame in which the patient has moved.
    """
    gap = findings.frame_gap_mm
    return gap is not None and gap <= _MAX_FRAME_GAP_MM and bool(_place_doubts(findings) + _fit_doubts(findings))


def _level_doubts(findings: Findings) -> list[str]:
    evidence, gap = findings.evidence, findings.frame_gap_mm
    in_one_frame = gap is not None and gap <= _MAX_FRAME_GAP_MM
    if evidence.margin is None:
        if in_one_frame:
            return []
        return [
            say("No neighbouring vertebra could be compared, so nothing shows that both points are on the same level.")
        ]
    if evidence.margin < 0:
        return [
            say(
                "The vertebra {best} the clicked one in the CT fits the MR better by {share:.0%}: the "
                "points may be on different levels.",
                best=Sentence(evidence.best),
                share=-evidence.margin,
            )
        ]
    if evidence.margin < LEVEL_MARGIN:
        return [
            say(
                "The clicked level fits only {margin:.1%} better than its neighbour: confirm the level.",
                margin=evidence.margin,
            )
        ]
    if evidence.agreement is not None and evidence.agreement < LEVEL_AGREEMENT:
        return [say("Parts of the column speak for the clicked level and parts for its neighbour: confirm the level.")]
    if evidence.untested and not in_one_frame:
        which = joined(say(" and "), map(Sentence, evidence.untested))
        return [
            say(
                "The vertebra {which} cannot be compared: it is not whole in the CT or in the MRI, or "
                "nothing fits it. Count the levels on both images.",
                which=which,
            )
        ]
    return []


def _place_doubts(findings: Findings) -> list[str]:
    doubts: list[str] = []
    if findings.shift_mm > CAPTURE_MM:
        doubts.append(
            say("The best fit lies {shift_mm:.1f} mm from the clicked points: check them.", shift_mm=findings.shift_mm)
        )
    if findings.angle_deg > _MAX_ANGLE_DEG:
        doubts.append(
            say(
                "The images are turned by {angle_deg:.0f} degrees against each other: check the fit.",
                angle_deg=findings.angle_deg,
            )
        )
    if findings.frame_gap_mm is not None and findings.frame_gap_mm > _MAX_FRAME_GAP_MM:
        doubts.append(
            say(
                "Both images declare one frame of reference, in which the points lie {frame_gap_mm:.0f} mm apart.",
                frame_gap_mm=findings.frame_gap_mm,
            )
        )
    if findings.pairs_residual_mm is not None and findings.pairs_residual_mm > _MAX_PAIRS_MM:
        doubts.append(
            say(
                "The clicked pairs fit each other only to {pairs_residual_mm:.1f} mm: check them.",
                pairs_residual_mm=findings.pairs_residual_mm,
            )
        )
    return doubts


def _frame_doubts(findings: Findings) -> list[str]:
    """No reason to take the frame instead: either the patient has moved or the fit is wrong, and a look tells which."""
    apart = findings.from_frame_mm
    if apart is None or apart <= _MAX_FROM_FRAME_MM:
        return []
    return [
        say(
            "The fit lies {apart:.1f} mm from where the declared frame of reference places the images: check it.",
            apart=apart,
        )
    ]


def _error_doubts(findings: Findings) -> list[str]:
    if findings.expected_error_mm <= MAX_ERROR_MM:
        return []
    return [
        say(
            "The fit is uncertain: nine in ten such fits are only within {expected_error_mm:.1f} mm.",
            expected_error_mm=findings.expected_error_mm,
        )
    ]


def _fit_doubts(findings: Findings) -> list[str]:
    doubts: list[str] = []
    if findings.stability.column_mm > _MAX_COLUMN_MM:
        doubts.append(
            say(
                "The vertebra alone and the column with its neighbours fit {column_mm:.1f} mm apart.",
                column_mm=findings.stability.column_mm,
            )
        )
    if findings.stability.restarts_mm > _MAX_RESTARTS_MM:
        doubts.append(
            say("Fits begun nearby end {restarts_mm:.1f} mm away.", restarts_mm=findings.stability.restarts_mm)
        )
    if findings.rival_mm > _MAX_RIVAL_MM:
        doubts.append(
            say("Another place {rival_mm:.1f} mm away along the spine fits nearly as well.", rival_mm=findings.rival_mm)
        )
    if findings.rival_share > _RIVAL_SHARE:
        doubts.append(say("Another place within the clicks' uncertainty fits as well."))
    if findings.bone_share < _MIN_BONE:
        doubts.append(
            say(
                "Only {bone_share:.0%} of the CT around its point is bone, less than in any vertebra: check it.",
                bone_share=findings.bone_share,
            )
        )
    if findings.covered < _MIN_COVERED:
        doubts.append(say("Only {covered:.0%} of the vertebra's region lies in the CT.", covered=findings.covered))
    return doubts
