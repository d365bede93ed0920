"""What makes a frame fit to publish: rules, Pandera models, verdicts. Pure.

What belongs here: rules with their severities, the audit, the verdict people read.
What must not: where frames come from or go to.
"""
