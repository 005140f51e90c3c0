"""Two services that are told the same, byte by byte, and must say the same: one with the hit path, one without."""
