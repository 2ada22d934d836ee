"""What is measured, and the scripts that measure it: ``make bench`` runs all, ``make bench ARGS=scope`` one.

Machines are noisy, so each figure stands beside its floor from the same run; ratios are what to quote.
"""
