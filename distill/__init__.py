"""From a teacher to a student for a phone: student backbones and distillation losses."""
