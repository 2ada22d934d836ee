"""The demo: a generated, fictional city whose rows yield known figures.

``plan_cities`` builds everything as plain objects, ``store`` turns them into rows, ``actions`` is the door.
Order of imports: choices of the ground <- chance, names, timeline <- plan <- specs <- places <- bodies <- rooms
<- stations, totals, counts <- cities <- store, rulebook, accounts <- actions <- the command.
"""
