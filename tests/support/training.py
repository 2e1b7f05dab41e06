"""The truth of a training round that the scripted reader of the small study hits."""

from __future__ import annotations

from napari_vcf.study.training import TruthRecord

LOSSES = {"anterior": 15 / 30, "middle": 20 / 30, "posterior": 25 / 30}


def truth(case: str, share: float = 0.5, adc: float = 1000.0) -> TruthRecord:
    """What the scripted reader measures: 15, 20 and 25 mm beside neighbours of 30 mm, half of the body."""
    return TruthRecord(
        case=case,
        fractured="L1",
        above="T12",
        below="L2",
        heights_mm={
            "L1": {"anterior": 15.0, "middle": 20.0, "posterior": 25.0},
            "T12": dict.fromkeys(LOSSES, 30.0),
            "L2": dict.fromkeys(LOSSES, 30.0),
        },
        body_per_slice=(100,),
        lesion_per_slice=(int(100 * share),),
        adc_um2_per_s={"lesion": adc, "marrow": adc},
    )
