"""The executed lessons as a site to browse and to search: ``make book`` runs it.

It needs what ``requirements-book.txt`` names, and no network once that and one jar are there.
"""
