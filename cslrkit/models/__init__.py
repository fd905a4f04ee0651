"""Recognizers and their parts."""
