"""The district's budget: classification, plan, posting policy, and revenue lines of collected fees."""
