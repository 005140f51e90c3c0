"""Which picture is a domain's logo: searched for, chosen, kept, refreshed and answered."""
