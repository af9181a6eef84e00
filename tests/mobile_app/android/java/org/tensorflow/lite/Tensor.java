package org.tensorflow.lite;

public interface Tensor {
    DataType dataType();

    int numBytes();

    int[] shape();

    int index();

    String name();

    QuantizationParams quantizationParams();

    class QuantizationParams {
        private final float scale;
        private final int zeroPoint;

        public QuantizationParams(final float scale, final int zeroPoint) {
            this.scale = scale;
            this.zeroPoint = zeroPoint;
        }

        public float getScale() {
            return scale;
        }

        public int getZeroPoint() {
            return zeroPoint;
        }
    }
}
