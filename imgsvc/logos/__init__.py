"""Which picture is a company's logo: domains, names, candidates, scores, monograms; no I/O."""
