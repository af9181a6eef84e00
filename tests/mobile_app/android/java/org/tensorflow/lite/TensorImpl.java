package org.tensorflow.lite;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Takes and gives bytes by the rules of the real one. */
final class TensorImpl implements Tensor {
    final String name;
    private final int index;
    private final DataType type;
    private final int[] shape;
    private final QuantizationParams quantization;
    private ByteBuffer values;

    /** From words such as: image 1,8,8,3 UINT8 0.0039 0. */
    TensorImpl(String[] words, int index) {
        this.index = index;
        name = words[0];
        String[] sides = words[1].split(",");
        shape = new int[sides.length];
        for (int i = 0; i < sides.length; i++) {
            shape[i] = Integer.parseInt(sides[i]);
        }
        type = DataType.valueOf(words[2]);
        quantization = new QuantizationParams(Float.parseFloat(words[3]), Integer.parseInt(words[4]));
        values = ByteBuffer.allocateDirect(numBytes()).order(ByteOrder.nativeOrder());
    }

    @Override
    public DataType dataType() {
        return type;
    }

    @Override
    public int numBytes() {
        return numElements() * type.byteSize();
    }

    int numElements() {
        int count = 1;
        for (int side : shape) {
            count *= side;
        }
        return count;
    }

    @Override
    public int[] shape() {
        return shape;
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public String name() {
        return "serving_default_" + name + ":0";
    }

    @Override
    public QuantizationParams quantizationParams() {
        return quantization;
    }

    /** The memory of a direct buffer is read from its beginning, wherever its position is. */
    void setTo(Object source) {
        ByteBuffer buffer = (ByteBuffer) source;
        if (buffer.capacity() != numBytes()) {
            throw new IllegalArgumentException(String.format(
                    "Cannot copy to a TensorFlowLite tensor (%s) with %d bytes from a Java Buffer with %d bytes.",
                    name(), numBytes(), buffer.capacity()));
        }
        if (!buffer.isDirect() || buffer.order() != ByteOrder.nativeOrder()) {
            throw new IllegalArgumentException("the tests allow direct buffers in native order only");
        }
        ByteBuffer whole = buffer.duplicate();
        whole.clear();
        values.clear();
        values.put(whole);
    }

    /** The bytes go to where the position of the buffer is. */
    void copyTo(Object target) {
        values.clear();
        ((ByteBuffer) target).put(values);
    }

    double value(int i) {
        switch (type) {
            case FLOAT32:
                return values.getFloat(4 * i);
            case UINT8:
                return values.get(i) & 0xff;
            default:
                return values.get(i);
        }
    }

    void set(int i, double value) {
        if (type == DataType.FLOAT32) {
            values.putFloat(4 * i, (float) value);
        } else {
            values.put(i, (byte) Math.rint(value));
        }
    }
}
