"""Finished takes as files people can keep."""
