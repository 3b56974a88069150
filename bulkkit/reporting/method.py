"""How the figures of a report came about, and what they cannot say."""

from __future__ import annotations

from typing import Final

METHOD: Final = (
    "Every rate counts people and not events: whoever opened three times counts once. Bounce rates are out of what was "
    "sent. Unsubscribe rates are out of what was delivered: sent, and neither rejected nor bounced; complaint rates "
    "out of what was delivered outside Gmail. Open and click rates are out of what was delivered to people who may be "
    "tracked; what the others did is unknown, and unknown is not no. Somebody who bounced and yet reacted counts as "
    "bounced.",
    "Opens and clicks are a range. Mail programs and scanners load pictures and follow links before anybody has read a "
    "word: Apple’s Mail Privacy Protection alone may be half of all opens. The lower end counts what is known to be "
    "people’s, the upper end everything; the truth lies between, and nearer to which end nobody can say. Clicks suffer "
    "less than opens, so this page leads with clicks.",
    "The interval of a rate is Wilson’s at 95 %. It holds what it promises where at least ten people did the thing and "
    "at least ten did not; below that the table says that there is not enough data. An interval tells of chance alone, "
    "not of machines, not of people who cannot be seen, and not of a source that stays silent.",
    "How long people took is Kaplan and Meier’s estimate: whoever had not reacted when the data end was watched until "
    "then and no longer, and is not counted as somebody who never will.",
    "Two campaigns reach different people, and most of the difference between their rates usually comes from that. The "
    "adjusted difference sorts both campaigns’ people into groups of people alike before the send (who runs their "
    "mail, how long they have been on the list, how active they were), takes the difference in each group, and weights "
    "the groups as they are in both campaigns together: direct standardisation. Groups that only one campaign reached "
    "are left out; where they hold more than half of the people, the comparison is refused. Its interval is built like "
    "Newcombe’s (method 10), and allows for people who got both. It removes selection on what was recorded and on "
    "nothing else: only a group held out at random, before the send, would settle it.",
    "Complaints are those that networks report. Gmail reports none, so its people are left out of the complaint rate. "
    "Gmail’s own spam rate counts only mail that reached the inbox, so no sender can compute it.",
)

REFERENCES: Final = (
    "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. "
    "Journal of the American Statistical Association 22, 209–212.",
    "Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. "
    "Statistics in Medicine 17, 873–890.",
    "Brown, L. D., Cai, T. T., DasGupta, A. (2001). Interval estimation for a binomial proportion. "
    "Statistical Science 16, 101–133.",
    "Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations. "
    "Journal of the American Statistical Association 53, 457–481.",
    "Austin, P. C. (2009). Balance diagnostics for comparing the distribution of baseline covariates between treatment "
    "groups in propensity-score matched samples. Statistics in Medicine 28, 3083–3107.",
    "Partridge, C. (1988). Duplicate messages and SMTP. RFC 1047: why a message can be in doubt.",
)
