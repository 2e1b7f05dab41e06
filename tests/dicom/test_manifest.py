"""Every row of the manifest of real files: its reference values are reproduced, or it is refused with a reason."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from napari_vcf.cli import main
from napari_vcf.dicom import Role, check_adc_units, compute_adc, load_volume, scan_folder
from support.realdata import ROOT, data_path

#: Pixels of the soft-tissue cases, mm.
FINE = 0.976562
PHILIPS_B = [0.0, 0.001, 0.002, 0.003, 0.004] + [1000.0] * 12


@dataclass(frozen=True)
class Row:
    """What a row of the manifest must give: one entry for each stack."""

    role: str = ""
    shapes: list[tuple[int, int, int]] = field(default_factory=list)
    spacing_mm: tuple[float, float, float] = (0, 0, 0)
    volumes: int = 1
    b_values: list[float | None] | None = None
    mean: float | None = None
    unit: str | None = "signal"
    correction: str = ""
    refusal: str = ""


def image(role: str, shape: tuple[int, int, int], spacing: tuple[float, float, float], **more: object) -> Row:
    return Row(role=role, shapes=[shape], spacing_mm=spacing, **more)  # type: ignore[arg-type]


ROWS: dict[str, Row] = {
    "mr_siemens_xa30_enhanced_dwi_PA/dwi_raw": image(
        "DWI", (39, 72, 72), (3, 3, 3), volumes=21, b_values=[0.0] + [2500.0] * 20, mean=36.42
    ),
    "mr_siemens_xa30_enhanced_dwi_PA/adc": image("ADC", (39, 72, 72), (3, 3, 3), mean=349.90, unit="um2/s"),
    "mr_siemens_xa30_enhanced_dwi_PA/tracew": image("DWI", (39, 72, 72), (3, 3, 3), b_values=[2500.0], mean=26.67),
    "mr_siemens_xa30_enhanced_dwi_PA/tensor_b0": image("DWI", (39, 72, 72), (3, 3, 3), b_values=[0.0], mean=179.85),
    "mr_siemens_xa30_interop_adc/adc": image("ADC", (5, 72, 72), (3, 3, 3), mean=711.81, unit="um2/s"),
    "mr_siemens_xa30_interop_adc/tracew": image("DWI", (5, 72, 72), (3, 3, 3), b_values=[2500.0], mean=1.262384),
    "mr_siemens_xa30_interop_adc/tensor_b0": image("DWI", (5, 72, 72), (3, 3, 3), b_values=[0.0], mean=179.307),
    "mr_philips_ingenia_classic_dwi": image(
        "DWI", (6, 112, 112), (2, 2, 2), volumes=17, b_values=PHILIPS_B, mean=110.71 * 1.51477411477411
    ),
    "mr_philips_enhanced_interleaved/asl_real_40f": image("OTHER", (40, 96, 96), (4, 2.5, 2.5), mean=5.820337),
    "mr_philips_enhanced_interleaved/fieldmap_mag_phase_212f": image(
        "OTHER", (53, 80, 80), (3, 3, 3), volumes=4, mean=-832.2014
    ),
    "mr_philips_enhanced_dwi_b1300": image(
        "DWI", (8, 128, 128), (2.7, 2.734375, 2.734375), volumes=4, b_values=[0.0] + [1300.0] * 3, mean=303.22
    ),
    "mr_siemens_sagittal_t1_HFS": image("T1", (10, 256, 256), (4.8, 1.015625, 1.015625), mean=315.57),
    "mr_siemens_mosaic_sag": image("OTHER", (36, 64, 64), (3.6, 3.25, 3.25), volumes=2, mean=274.76),
    "mr_siemens_mosaic_sag_dwi": image(
        "DWI", (48, 82, 82), (2.7, 2.707317, 2.707317), volumes=2, b_values=[0.0, 2000.0], mean=2206.47 * 49 / 48
    ),
    "mr_ge_3plane_localizer": Row(
        role="LOCALIZER", shapes=[(2, 256, 256)] * 3, spacing_mm=(15, 0.9375, 0.9375), mean=160.86
    ),
    "mr_ge_dwi_classic": image("DWI", (4, 128, 128), (2, 2, 2), volumes=2, b_values=[0.0, 1000.0], mean=127.17),
    "ct_philips_gantry_tilt_m16": image(
        "CT", (5, 519, 512), (2.39704, 0.40625, 0.40625), mean=250.96 - 1024, unit="HU", correction="tilt of 16.5"
    ),
    "ct_missing_slice": image(
        "CT", (9, 512, 512), (5, 0.451172, 0.451172), mean=243.37 - 1024, unit="HU", correction="1 of 9 slices"
    ),
    "ct_abdomen_lumbar_axial": image("CT", (4, 512, 512), (5, 0.796875, 0.796875), mean=-72.98 - 1024, unit="HU"),
    "mr_toshiba_body_adc/adc": image("ADC", (8, 288, 256), (7, 1.5625, 1.5625), mean=502.89, unit=None),
    "mr_toshiba_body_adc/t2": image("T2", (3, 512, 584), (8, 0.6836, 0.6836), mean=986.95),
    "ctmr_pair_STS_002/CT": image("CT", (48, 143, 161), (3.27, 0.976562, 0.976562), mean=-291.54, unit="HU"),
    "ctmr_pair_STS_002/MR_T1": image("T1", (35, 90, 115), (3.27, 0.976562, 0.976562), mean=463.71),
    "ctmr_pair_STS_002/masks": Row(role="OTHER", shapes=[(48, 143, 161), (35, 90, 115)], spacing_mm=(3.27, FINE, FINE)),
    "ctmr_pair_STS_003/CT": image("CT", (51, 158, 154), (3.27, 0.976562, 0.976562), mean=-217.75, unit="HU"),
    "ctmr_pair_STS_003/MR_T1": image("T1", (47, 138, 121), (3.27, 0.976562, 0.976562), mean=462.48),
    "ctmr_pair_STS_003/masks": Row(
        role="OTHER", shapes=[(51, 158, 154), (47, 138, 121)], spacing_mm=(3.27, FINE, FINE)
    ),
    "nasty/MR_truncated.dcm": Row(refusal="cut short"),
    "nasty/no_meta.dcm": Row(refusal="not a DICOM file"),
    "nasty/ExplVR_BigEnd.dcm": Row(refusal="Modality US"),
    "nasty/badVR.dcm": Row(refusal="radiotherapy dose"),
    "nasty/priv_SQ.dcm": Row(refusal="no image"),
    "nasty/rtplan.dcm": Row(refusal="radiotherapy plan"),
    "nasty/meta_missing_tsyntax.dcm": Row(refusal="Modality"),
    "nasty/emri_small.dcm": Row(refusal="10 frames without saying where"),
    "nasty/emri_small_RLE.dcm": Row(refusal="10 frames without saying where"),
    "nasty/JPEG-LL.dcm": Row(refusal="secondary capture"),
    "nasty/CT_small.dcm": image("CT", (1, 128, 128), (5, 0.661468, 0.661468), mean=904.926 - 1024, unit="HU"),
    "nasty/CT1_JLSL": image("CT", (1, 512, 512), (5, 0.661468, 0.661468), mean=152.696 - 1024, unit="HU"),
    **{
        f"nasty/MR_small{kind}.dcm": image("T2", (1, 64, 64), (0.8, 0.3125, 0.3125), mean=518.881)
        for kind in ("", "_bigendian", "_implicit", "_RLE", "_jp2klossless")
    },
    "d2n_generic_anatomical": image("OTHER", (4, 256, 256), (1, 1, 1), mean=127.017),
    "d2n_generic_compressed_jpegls": image("OTHER", (4, 256, 256), (1, 1, 1), mean=127.047),
    "d2n_generic_compressed_rle": image("OTHER", (4, 256, 256), (1, 1, 1), mean=127.047),
    "nasty_dicomdir_tree": Row(refusal="Modality CR"),
    "spine_nifti/tptbox_ct_mr": Row(
        role="OTHER", shapes=[(73, 47, 73)] * 3 + [(67, 52, 68)] * 3, spacing_mm=(1.5, 1.5, 1.5)
    ),
    "spine_nifti/sct_cervical": Row(refusal="not a DICOM file"),
}  # fmt: skip


def _manifest() -> list[str]:
    path = ROOT / "MANIFEST.tsv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row[0] for row in rows[1:] if row and not re.match(r"reference/|NOTE", row[0])]


def test_no_row_of_the_manifest_is_left_out() -> None:
    data_path("MANIFEST.tsv")
    assert set(_manifest()) == set(ROWS)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_row(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row, source = ROWS[name], data_path(name)
    if source.is_file():
        (tmp_path / source.name).write_bytes(source.read_bytes())
        source = tmp_path
    status = main(["inspect", str(source), "--json", "-"])
    listing = json.loads(capsys.readouterr().out)
    assert status == (0 if listing["series"] else 1)
    if row.refusal:
        assert any(row.refusal in entry["reason"] for entry in listing["refused"])
    if not row.shapes:
        return
    assert [tuple(entry["shape"]) for entry in listing["series"]] == row.shapes
    for entry in listing["series"]:
        assert entry["role"] == row.role
        assert entry["spacing_mm"] == pytest.approx(row.spacing_mm, abs=1e-3)
        assert entry["unit"] == row.unit
        assert len(entry["volumes"]) == row.volumes
        if row.b_values is not None:
            assert [volume["b_value"] for volume in entry["volumes"]] == row.b_values
        assert any(row.correction in text for text in entry["corrections"]) or not row.correction
    if row.mean is not None:
        means = [volume["mean"] for entry in listing["series"] for volume in entry["volumes"]]
        assert np.mean(means) == pytest.approx(row.mean, rel=1e-4, abs=5e-3)


def test_the_scanners_adc_is_ours_to_one_um2_per_s() -> None:
    scan = check_adc_units(scan_folder(data_path("mr_siemens_xa30_enhanced_dwi_PA")))
    adc = next(series for series in scan.series if series.role is Role.ADC)
    raw = next(series for series in scan.series if len(series.volumes) == 21)
    unweighted = next(series for series in scan.series if "TENSOR_B0" in series.description)
    trace = next(series for series in scan.series if series.volumes[0].kind == "trace")
    assert "confirmed" in adc.unit_evidence
    own, _ = compute_adc(raw)
    theirs = load_volume(adc).data
    b0 = load_volume(unweighted).data
    mask = (load_volume(raw, 0).data > 0) & (load_volume(trace).data > 0) & (theirs > 0)
    mask &= b0 > np.percentile(load_volume(raw, 0).data, 70)
    assert mask.sum() > 20_000
    assert np.median(np.abs(own.data - theirs)[mask]) <= 1.0
    # A region whose value the manifest states.
    region = theirs[19, 30:40, 28:38]
    assert (region.mean(), region.std(), region.min(), region.max()) == pytest.approx((873.520, 418.820, 489, 1915))


@pytest.mark.parametrize(
    ("index", "name"),
    list(enumerate(["enh_e1", "enh_e2", "enh_e1_ph", "enh_e2_ph"])),
)
def test_interleaved_echoes_lie_where_the_published_conversion_has_them(index: int, name: str) -> None:
    (series,) = scan_folder(data_path("mr_philips_enhanced_interleaved/fieldmap_mag_phase_212f")).series
    reference = sitk.ReadImage(str(data_path(f"reference/dcmqa_2001_WIP_fcMRI_Field_Mapping_{name}.nii.gz")))
    theirs = sitk.GetArrayFromImage(reference).astype(float)
    ours = load_volume(series, index).data
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(reference.GetDirection(), (3, 3)) * reference.GetSpacing()
    affine[:3, 3] = reference.GetOrigin()
    # The published file runs rows and columns the other way: its last pixel is our first.
    assert np.abs(affine @ [79, 79, 0, 1] - series.grid.affine_lps @ [0, 0, 0, 1]).max() < 1e-3
    # It holds the private scale instead of the display value: the same up to a factor and a shift.
    assert np.corrcoef(theirs[:, ::-1, ::-1].ravel(), ours.ravel())[0, 1] > 0.999_999
