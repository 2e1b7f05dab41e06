"""Single files: headers, private elements, stored pixels, volume files."""
