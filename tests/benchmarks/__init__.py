"""Speed, memory and quality, measured: `python dev.py bench [NAME...]` runs the `main()` of each bench_*.py here."""
