"""Parts that every wing uses: controls, layers that keep their place, progress between threads."""
