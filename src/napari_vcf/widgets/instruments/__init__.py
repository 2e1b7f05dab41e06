"""The instruments of the desk, on one base."""
