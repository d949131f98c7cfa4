"""Speed against the workflow this project replaces: ratios of one run, never absolute claims."""

#: What every contender makes of the same scenes.
BANDS = ("B04", "B03", "B02")
MONTHS = ("2022-05", "2022-06", "2022-07")
PASSES = 6
CLEAR = (4, 5, 6, 7)
