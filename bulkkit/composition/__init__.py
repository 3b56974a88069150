"""From what a form says to a campaign, a plan, or sentences on what keeps it from being one.

Nothing here knows how the form is drawn.
"""
