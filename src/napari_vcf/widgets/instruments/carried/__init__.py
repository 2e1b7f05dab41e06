"""What was carried from earlier stages and waits for the reader's word, on every panel that measures it."""
