"""A hub for a class on one machine: ``make hub``; see README.md in this folder."""
