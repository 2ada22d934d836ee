"""Registers as workbooks: a template to fill in, an upload that is read and checked, a copy of what is wrong.

``reader`` is a program of its own, run as a child with limits, so that no file can hurt a worker; ``sheets`` talks
to it. ``columns`` says what the workbook of a register holds, ``checking`` reads its rows with the fields of the
entry form, ``writing`` makes the files that people get. What needs the database is done by
``communities.actions.imports``.
"""
