"""The reading desk: the image in front, its plane, window and layers."""
