"""The measuring engine: from rows to cards in a few set-based statements for each range of communities.

``frame`` says which communities there are on the anchor day and what tells them apart, ``targets`` which standard
holds for each, ``sources`` counts and sums the rows, ``judging`` holds the sums against the standards, ``cards``
writes the arrays and rolls them up. Pages that show the rows behind a figure use the same builders.
"""
