"""What users measure: latency, lighting, robustness, and reports of runs."""
