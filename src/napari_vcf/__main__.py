"""``python -m napari_vcf``, where the command is not on the path."""

import sys

from napari_vcf.cli import main

if __name__ == "__main__":
    sys.exit(main())
