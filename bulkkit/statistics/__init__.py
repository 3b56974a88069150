"""Numbers that hold what they promise: intervals, standardisation, tests by the dozen, sizes of trials."""

from bulkkit.statistics.evidence import LEAST_EVENTS, enough, lower_bound, more_trials, trials_below, upper_bound
from bulkkit.statistics.families import benjamini_hochberg, holm, two_proportions
from bulkkit.statistics.intervals import Interval, mean_count, newcombe, wilson
from bulkkit.statistics.levelling import Place, levelled
from bulkkit.statistics.sizes import least_effect, least_share, people_needed, power, sample_size
from bulkkit.statistics.standardising import Arm, Standardised, influence, standardise
from bulkkit.statistics.weighting import Weighed, propensity, weigh

__all__ = [
    "LEAST_EVENTS",
    "Arm",
    "Interval",
    "Place",
    "Standardised",
    "Weighed",
    "benjamini_hochberg",
    "enough",
    "holm",
    "influence",
    "least_effect",
    "least_share",
    "levelled",
    "lower_bound",
    "mean_count",
    "more_trials",
    "newcombe",
    "people_needed",
    "power",
    "propensity",
    "sample_size",
    "standardise",
    "trials_below",
    "two_proportions",
    "upper_bound",
    "weigh",
    "wilson",
]
