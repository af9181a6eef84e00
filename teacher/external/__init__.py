"""Models from elsewhere: what their owner says about them, and ONNX files."""
