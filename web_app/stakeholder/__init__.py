"""The page for stakeholders: a run's models side by side on a photo, and what the run measured."""
