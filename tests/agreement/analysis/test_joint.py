"""Stages compared over readers and cases: published results, and what the rows say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vcf.agreement import StatisticError
from napari_vcf.agreement.statistics import (
    auc,
    auc_figures,
    compare_auc,
    holm,
    mcnemar_exact,
    mcnemar_mid_p,
    obuchowski_rockette,
    paired_difference,
    share_figures,
)
from support.running import Result, answers, run, write_table
from support.vandyke import ratings, tidy_rows

#: Printed by MRMCaov 0.3 (Smith and Hillis, User Guide, data VanDyke), empirical AUC, modality 1 minus modality 2.
PRINTED_DIFFERENCE = -0.04380032


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("vandyke")
    rows, pathology = tidy_rows()
    table = write_table(folder / "readings.csv", rows)
    reference = write_table(folder / "pathology.csv", pathology, ("case", "pathology"))
    return run(
        folder, table, "--reference", reference, "--positive", "malignant", "--bootstrap", "0", "--margin", "0.05"
    )


def row(result: Result, statistic: str, stage: str = "ct_vs_mri", item: str = "confidence") -> dict[str, object]:
    return result.one(
        analysis="modalities", item=item, stage=stage, readers=["R1", "R2", "R3", "R4", "R5"], statistic=statistic
    )


def test_random_readers_and_cases_with_the_jackknife(result: Result) -> None:
    # F 4.456, df 15.26, P 0.0517: RJafroc (Chakraborty 2017, dataset02) and Hillis, Stat Med 2007; 26: 596.
    difference = row(result, "mrmc_auc_difference")
    assert round(difference["value"], 8) == PRINTED_DIFFERENCE
    assert round(row(result, "mrmc_f")["value"], 3) == 4.456
    assert round(row(result, "mrmc_df")["value"], 2) == 15.26
    assert round(row(result, "mrmc_p")["value"], 4) == 0.0517
    assert difference["ci_low"] < difference["value"] < 0 < difference["ci_high"]


def test_fixed_readers(result: Result) -> None:
    # MRMCaov User Guide, section 4.3: P 0.01927984, interval -0.08048591 to -0.00711473.
    assert round(row(result, "mrmc_p_fixed_readers")["value"], 8) == 0.01927984
    difference = row(result, "mrmc_auc_difference_fixed_readers")
    assert (round(difference["ci_low"], 8), round(difference["ci_high"], 8)) == (-0.08048591, -0.00711473)


def test_fixed_cases(result: Result) -> None:
    # MRMCaov User Guide, section 4.3: F 8.704 with 1 and 4 degrees of freedom, P 0.04195875.
    assert round(row(result, "mrmc_p_fixed_cases")["value"], 8) == 0.04195875
    difference = row(result, "mrmc_auc_difference_fixed_cases")
    assert (round(difference["ci_low"], 8), round(difference["ci_high"], 8)) == (-0.08502022, -0.00258042)


def test_variance_components_with_the_jackknife(result: Result) -> None:
    printed = {
        "ms_t": 0.004796171,
        "var_r": 0.0015349993,
        "var_tr": 0.0002004025,
        "var_error": 0.0008022883,
        "cov1": 0.0003466137,
        "cov2": 0.0003440748,
        "cov3": 0.0002390284,
    }
    for name, value in printed.items():
        assert row(result, f"mrmc_{name}")["value"] == pytest.approx(value, abs=6e-11 if value < 0.002 else 6e-10), name


def test_delong_covariances() -> None:
    # MRMCaov User Guide, section 4.2: F 4.484854, df 15.06611, P 0.05123303, interval -0.0878671960 to 0.0002665519.
    scores, truth = ratings()
    found = obuchowski_rockette(auc_figures(scores, truth, covariance="delong"))
    assert (round(found.random.f, 6), round(found.random.df, 5)) == (4.484854, 15.06611)
    assert round(found.random.p, 8) == 0.05123303
    contrast = found.comparisons[0].random
    assert (round(contrast.low, 10), round(contrast.high, 10)) == (-0.0878671960, 0.0002665519)
    assert round(contrast.standard_error, 7) == 0.0206825
    parts = found.components
    assert [round(x, 10) for x in (parts.var_error, parts.cov1, parts.cov2, parts.cov3)] == [
        0.0007921325,
        0.0003420090,
        0.0003395265,
        0.0002358497,
    ]
    single = found.modalities
    assert (round(single[0].value, 7), round(single[0].df, 5)) == (0.8970370, 12.59597)
    assert (round(single[1].low, 7), round(single[1].high, 7)) == (0.8942155, 0.9874592)


def test_sensitivity_of_verdicts(result: Result) -> None:
    # MRMCaov User Guide, section 4.1, ratings of 3 and above: F 6.689493, df 15.71732, P 0.02008822.
    difference = row(result, "mrmc_sensitivity_difference", item="verdict")
    assert round(difference["value"], 8) == -0.09777778
    assert (round(difference["ci_low"], 7), round(difference["ci_high"], 7)) == (-0.1780371, -0.0175185)
    assert difference["n"] == 45
    assert round(row(result, "mrmc_sensitivity_f", item="verdict")["value"], 6) == 6.689493
    assert round(row(result, "mrmc_sensitivity_df", item="verdict")["value"], 5) == 15.71732
    assert round(row(result, "mrmc_sensitivity_p", item="verdict")["value"], 8) == 0.02008822
    assert round(row(result, "mrmc_sensitivity_cov1", item="verdict")["value"], 10) == 0.0009943883


def test_every_figure_of_merit_has_its_rows(result: Result) -> None:
    for name in ("sensitivity", "specificity", "accuracy"):
        rows = [r["statistic"] for r in result.find(analysis="modalities", item="verdict", stage="ct_vs_mri")]
        for what in ("difference", "f", "df", "p", "p_fixed_readers", "p_fixed_cases", "cov2", "noninferiority_p"):
            assert f"mrmc_{name}_{what}" in rows
    accuracy = row(result, "mrmc_accuracy_difference", item="verdict")
    assert accuracy["n"] == 114


def test_noninferiority_is_the_upper_end_of_the_interval(result: Result) -> None:
    p = row(result, "mrmc_noninferiority_p")["value"]
    upper = row(result, "mrmc_auc_difference")["ci_high"]
    assert upper < 0.05
    assert p < 0.025


def test_the_report_shows_the_joint_answer_and_what_few_readers_mean(result: Result, tmp_path: Path) -> None:
    assert "over readers and cases" in result.report
    assert "0.052" in result.report
    rows, pathology = tidy_rows()
    two = write_table(tmp_path / "two.csv", [line for line in rows if line[1] in ("R1", "R2")])
    reference = write_table(tmp_path / "p.csv", pathology, ("case", "pathology"))
    found = run(tmp_path, two, "--reference", reference, "--bootstrap", "0")
    assert any("1 degree of freedom" in remark for remark in found.document["remarks"])
    assert "1 degree of freedom" in found.report


def test_the_closed_jackknife_is_the_one_with_a_loop() -> None:
    scores, truth = ratings()
    left_out = np.array(
        [
            [auc(np.delete(line, case), np.delete(truth, case)).value for case in range(truth.size)]
            for line in scores[:, :2].reshape(4, -1)
        ]
    )
    n = truth.size
    expected = (n - 1) / n * (left_out - left_out.mean(axis=1, keepdims=True)) @ left_out.T
    found = auc_figures(scores[:, :2], truth).covariance.reshape(4, 4)
    np.testing.assert_allclose(found, expected, atol=1e-14)


@given(st.integers(0, 2**32 - 1))
def test_jackknife_and_sample_covariance_of_a_share_are_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    right = rng.integers(0, 2, size=(2, 3, 20)).astype(float)
    expected = np.cov(right.reshape(6, 20)) / 20
    np.testing.assert_allclose(share_figures(right).covariance.reshape(6, 6), expected, atol=1e-14)


def test_two_readers_who_are_one_give_the_test_of_that_reader_with_fixed_readers() -> None:
    scores, truth = ratings()
    twice = scores[:, [0, 0]]
    single = compare_auc(scores[0, 0], scores[1, 0], truth)
    found = obuchowski_rockette(auc_figures(twice, truth, covariance="delong"))
    assert found.comparisons[0].fixed_readers.p == pytest.approx(single.p.value)
    # Nothing is left to the readers, so that both views are one, and the degrees of freedom have no bound.
    assert found.comparisons[0].random.p == pytest.approx(single.p.value)
    assert found.random.df == np.inf


def test_missing_readings_enter_with_the_jackknife_and_are_refused_by_delong() -> None:
    scores, truth = ratings()
    scores[0, 2, :10] = np.nan
    found = auc_figures(scores, truth)
    assert not found.complete
    assert found.values[0, 2] == pytest.approx(auc(scores[0, 2, 10:], truth[10:]).value)
    with pytest.raises(StatisticError, match="every case"):
        auc_figures(scores, truth, covariance="delong")


def test_a_reader_without_positive_cases_is_a_sentence_in_the_row(tmp_path: Path) -> None:
    reference = write_table(
        tmp_path / "p.csv",
        [[f"C{n:03d}", "benign" if n > 1 else "malignant"] for n in range(1, 7)],
        ("case", "pathology"),
    )
    grades = {"A": [1, 2, 3, 4, 5, 1], "B": [1, 1, 2, 4, 5, 2]}
    rows = answers("confidence", grades, stage="ct") + answers("confidence", grades, stage="mri")
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--reference", reference, "--bootstrap", "0")
    undefined = found.one(statistic="mrmc_auc_difference", stage="ct_vs_mri")
    assert undefined["value"] is None
    assert "fewer than two" in undefined["note"]


def test_three_stages_have_every_pair_and_one_test_of_all(tmp_path: Path) -> None:
    rows, pathology = tidy_rows()
    third, _ = tidy_rows(stages=("ct", "combined"))
    table = write_table(tmp_path / "t.csv", rows + [line for line in third if line[2] == "combined"])
    reference = write_table(tmp_path / "p.csv", pathology, ("case", "pathology"))
    found = run(tmp_path, table, "--reference", reference, "--bootstrap", "0")
    stages = [line["stage"] for line in found.find(statistic="mrmc_p")]
    assert stages == ["ct_vs_mri", "ct_vs_combined", "mri_vs_combined", "ct_vs_mri_vs_combined"]
    # The third stage is the second once more, so that there is nothing between them.
    same = found.one(statistic="mrmc_auc_difference", stage="mri_vs_combined")
    assert same["value"] == pytest.approx(0, abs=1e-12)


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    # By hand, after Holm, Scand J Stat 1979; 6: 65: 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 not below 0.06.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_every_test_of_a_report_is_named_and_corrected(result: Result) -> None:
    tests = result.document["hypotheses"]
    assert {test["statistic"] for test in tests} >= {"mrmc_p", "delong_p", "mcnemar_p", "sensitivity_mcnemar_p"}
    p = np.array([test["p"] for test in tests])
    np.testing.assert_allclose([test["holm_report"] for test in tests], holm(p))
    assert all(test["p"] <= test["holm_family"] <= test["holm_report"] + 1e-12 for test in tests)
    assert any(f"{len(tests)} tests" in remark for remark in result.document["remarks"])
    assert (result.folder / "p_values.csv").read_text(encoding="utf-8").count("\n") == len(tests) + 1


def _pair(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes of paired cases: right both times, only the first, only the second time, never."""
    counts = (both, first, second, neither)
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def test_mcnemar_of_fagerland() -> None:
    # Fagerland, Lydersen and Laake, BMC Med Res Methodol 2013; 13: 91, tables 1 and 2: airway hyper-responsiveness
    # (exact 0.070, mid-P 0.039) and complete response (exact 0.052, mid-P 0.035).
    airway, response = _pair(1, 1, 7, 12), _pair(59, 6, 16, 80)
    assert round(mcnemar_exact(*airway).value, 3) == 0.070
    assert round(mcnemar_mid_p(*airway).value, 3) == 0.039
    assert round(mcnemar_exact(*response).value, 3) == 0.052
    assert round(mcnemar_mid_p(*response).value, 3) == 0.035


def test_difference_of_tango_as_contingencytables_prints_it() -> None:
    # The R package contingencytables of Fagerland, Lydersen and Laake, tests of chapter 8, data of Cavo et al. 2012:
    # Tango -0.0621 (-0.1240 to -0.0054), exact P 0.052479, mid-P 0.034690.
    response = _pair(59, 6, 16, 80)
    found = paired_difference(*response)
    assert (round(found.value, 4), round(found.ci_low, 4), round(found.ci_high, 4)) == (-0.0621, -0.1240, -0.0054)
    assert round(mcnemar_exact(*response).value, 6) == 0.052479
    assert round(mcnemar_mid_p(*response).value, 6) == 0.034690


@pytest.mark.parametrize("counts", [(1, 1, 7, 12), (59, 6, 16, 80), (20, 0, 3, 7)])
def test_limits_of_tango_are_where_his_score_statistic_is_1_96(counts: tuple[int, int, int, int]) -> None:
    # Tango, Stat Med 1998; 17: 891, the constrained maximum found here by a search over the likelihood.
    _, first, second, _ = counts
    n = sum(counts)
    found = paired_difference(*_pair(*counts))
    for limit in (found.ci_low, found.ci_high):
        q = np.linspace(max(0.0, -limit) + 1e-9, (1 - abs(limit)) / 2 + max(0.0, -limit) - 1e-9, 2_000_001)
        p = q + limit
        rest = n - first - second
        likelihood = rest * np.log1p(-p - q)
        for count, share in ((first, p), (second, q)):
            likelihood += count * np.log(share) if count else 0.0
        most = q[np.argmax(likelihood)]
        spread = np.sqrt(n * (2 * most + limit * (1 - limit)))
        assert abs(first - second - n * limit) / spread == pytest.approx(1.959964, abs=2e-3)


@given(*(st.integers(0, 12) for _ in range(4)))
def test_the_paired_interval_holds_what_it_should(both: int, first: int, second: int, neither: int) -> None:
    if both + first + second + neither == 0:
        return
    found = paired_difference(*_pair(both, first, second, neither))
    turned = paired_difference(*_pair(both, second, first, neither))
    assert -1 <= found.ci_low <= found.value <= found.ci_high <= 1
    assert (turned.ci_low, turned.ci_high) == pytest.approx((-found.ci_high, -found.ci_low), abs=1e-9)


def test_verdicts_are_compared_apart_for_both_kinds_of_case(result: Result) -> None:
    scores, truth = ratings()
    right = (scores[:, 0] >= 3) == truth
    for name, kind in (("sensitivity", truth), ("specificity", ~truth)):
        found = result.one(
            analysis="modalities", item="verdict", readers=["R1"], stage="ct_vs_mri", statistic=f"{name}_difference"
        )
        assert found["value"] == pytest.approx(right[0, kind].mean() - right[1, kind].mean())
        assert found["n"] == kind.sum()
        p = result.one(analysis="modalities", readers=["R1"], statistic=f"{name}_mcnemar_p")
        assert p["value"] == mcnemar_exact(right[0, kind], right[1, kind]).value


def test_grades_of_ct_and_mri_are_compared_for_each_reader(tmp_path: Path) -> None:
    ct = {"A": ["I", "II", "III", "I", "II"], "B": ["I", "I", "III", "II", "II"]}
    mri = {"A": ["I", "II", "III", "II", "II"], "B": ["I", "I", "III", "II", "III"]}
    rows = answers("compression_degree", ct, stage="ct") + answers("compression_degree", mri, stage="mri")
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--bootstrap", "0")
    kappas = found.find(analysis="modalities", item="compression_degree", statistic="weighted_kappa_quadratic")
    assert [(line["readers"], line["stage"]) for line in kappas] == [(["A"], "ct_vs_mri"), (["B"], "ct_vs_mri")]
    assert 0 < kappas[0]["value"] < 1
    assert "CT vs MRI" in found.report


def test_readers_who_agree_more_closely_than_the_cases_allow_are_warned_of(tmp_path: Path) -> None:
    truth = ["benign", "malignant"] * 20

    def wrong(*cases: int) -> list[str]:
        other = {"benign": "malignant", "malignant": "benign"}
        return [other[v] if n in cases else v for n, v in enumerate(truth)]

    # Both readers are right as often in each stage, but not on the same cases.
    rows = answers("verdict", {"A": wrong(0, 1, 2, 3), "B": wrong(10, 11, 12, 13)}, stage="ct")
    rows += answers("verdict", {"A": wrong(20, 21), "B": wrong(30, 31)}, stage="mri")
    pathology = [[f"C{n:03d}", v] for n, v in enumerate(truth, start=1)]
    reference = write_table(tmp_path / "p.csv", pathology, ("case", "pathology"))
    found = run(tmp_path, write_table(tmp_path / "t.csv", rows), "--reference", reference, "--bootstrap", "0")
    warned = found.one(statistic="mrmc_accuracy_p_fixed_readers", stage="ct_vs_mri")
    assert warned["value"] is not None
    assert any("differ less between stages" in remark for remark in found.document["remarks"])
    assert "differ less between stages" in found.report


def test_the_paired_difference_stands_in_the_report(result: Result) -> None:
    found = result.one(readers=["R5"], stage="ct_vs_mri", statistic="sensitivity_difference", analysis="modalities")
    assert f"{abs(found['value']):.3f}\n".strip() in result.report.split("The stages of each reader")[1]
