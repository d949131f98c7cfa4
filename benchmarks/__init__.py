"""Speed against the workflow this project replaces: ratios of one run, never absolute claims."""
