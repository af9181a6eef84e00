"""From a student to `.tflite` variants to one verified release file."""
