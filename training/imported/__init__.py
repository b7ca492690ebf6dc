"""Int8 variants of styles whose networks come from elsewhere: QDQ graphs, calibrated on frames."""
