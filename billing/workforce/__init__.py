"""Who does the work: hired workers with engagements, and contractor organisations with contracts."""
