"""DiffGround-Open: the benchmark that anyone can rebuild; its parts, its pairs, its checksums, its leak audit."""
