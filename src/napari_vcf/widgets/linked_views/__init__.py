"""Linked panes: the other images and planes at the same place of the patient."""
