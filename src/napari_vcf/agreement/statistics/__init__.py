"""The statistics: pure functions of arrays, each with its interval and its source."""

from __future__ import annotations

from napari_vcf.agreement.statistics.bootstrap import (
    bootstrap_mean,
    bootstrap_squares,
    bootstrap_sums,
    bootstrap_tables,
    percentile_interval,
    square_terms,
    stable_seed,
)
from napari_vcf.agreement.statistics.contingency import contingency
from napari_vcf.agreement.statistics.cutoffs import Cutoff, youden_cutoff
from napari_vcf.agreement.statistics.estimate import DEFAULT_LEVEL, Estimate
from napari_vcf.agreement.statistics.groups import Test, chi_squared, expected_counts, fisher_exact, t_test, welch_test
from napari_vcf.agreement.statistics.gwet import gwet_ac, gwet_values
from napari_vcf.agreement.statistics.icc import (
    ICC_KINDS,
    IccKind,
    MeanSquares,
    icc,
    icc_bounds,
    icc_values,
    mean_squares,
)
from napari_vcf.agreement.statistics.kappa import (
    category_agreement_values,
    kappa,
    kappa_values,
    pabak,
    percent_agreement,
)
from napari_vcf.agreement.statistics.limits import (
    LIMITS_FACTOR,
    LimitsOfAgreement,
    bland_altman,
    repeatability_coefficient,
    wcv,
    wcv_value,
    within_subject_sd,
)
from napari_vcf.agreement.statistics.logistic import LogisticFit, fit_logistic
from napari_vcf.agreement.statistics.masks import dice, hausdorff95_mm
from napari_vcf.agreement.statistics.merit import CovarianceMethod, FiguresOfMerit, auc_figures, share_figures
from napari_vcf.agreement.statistics.mrmc import MrmcResult, obuchowski_rockette
from napari_vcf.agreement.statistics.multiplicity import holm
from napari_vcf.agreement.statistics.multirater import conger_kappa, fleiss_kappa, krippendorff_alpha
from napari_vcf.agreement.statistics.paired import mcnemar_exact, mcnemar_mid_p, paired_difference
from napari_vcf.agreement.statistics.planning import (
    Pilot,
    icc_cases,
    icc_test_cases,
    kappa_cases,
    mcnemar_cases,
    mrmc_cases,
    mrmc_power,
)
from napari_vcf.agreement.statistics.proportions import (
    Accuracy,
    ProportionInterval,
    accuracy,
    proportion,
)
from napari_vcf.agreement.statistics.roc import AucComparison, auc, auc_covariance, compare_auc, roc_points
from napari_vcf.agreement.statistics.weights import WeightKind, agreement_weights

__all__ = [
    "DEFAULT_LEVEL",
    "ICC_KINDS",
    "LIMITS_FACTOR",
    "Accuracy",
    "AucComparison",
    "CovarianceMethod",
    "Cutoff",
    "Estimate",
    "FiguresOfMerit",
    "IccKind",
    "LimitsOfAgreement",
    "LogisticFit",
    "MeanSquares",
    "MrmcResult",
    "Pilot",
    "ProportionInterval",
    "Test",
    "WeightKind",
    "accuracy",
    "agreement_weights",
    "auc",
    "auc_covariance",
    "auc_figures",
    "bland_altman",
    "bootstrap_mean",
    "bootstrap_squares",
    "bootstrap_sums",
    "bootstrap_tables",
    "category_agreement_values",
    "chi_squared",
    "compare_auc",
    "conger_kappa",
    "contingency",
    "dice",
    "expected_counts",
    "fisher_exact",
    "fit_logistic",
    "fleiss_kappa",
    "gwet_ac",
    "gwet_values",
    "hausdorff95_mm",
    "holm",
    "icc",
    "icc_bounds",
    "icc_cases",
    "icc_test_cases",
    "icc_values",
    "kappa",
    "kappa_cases",
    "kappa_values",
    "krippendorff_alpha",
    "mcnemar_cases",
    "mcnemar_exact",
    "mcnemar_mid_p",
    "mean_squares",
    "mrmc_cases",
    "mrmc_power",
    "obuchowski_rockette",
    "pabak",
    "paired_difference",
    "percent_agreement",
    "percentile_interval",
    "proportion",
    "repeatability_coefficient",
    "roc_points",
    "share_figures",
    "square_terms",
    "stable_seed",
    "t_test",
    "wcv",
    "wcv_value",
    "welch_test",
    "within_subject_sd",
    "youden_cutoff",
]
