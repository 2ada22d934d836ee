"""Registers as workbooks: a template to fill in, an upload that is read and checked, a marked copy of what is wrong.

``reader`` is a program of its own, run as a child with limits, so that no file can hurt a worker; ``sheets`` talks
to it. ``columns`` says what a register's workbook holds, ``checking`` reads its rows with the entry form's own
fields, ``staging`` compares them with the register by one statement each, ``merging`` writes them. ``writing`` makes
the files that people get.
"""
