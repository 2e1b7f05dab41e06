"""What several tests share: files, cases, studies and ways to run a command."""
