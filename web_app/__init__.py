"""Pages for a browser: for stakeholders beside a run, and offline on a phone."""
