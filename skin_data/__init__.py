"""Data sets to tables and batches: sources, downloads, groups and splits, phantoms, views."""
