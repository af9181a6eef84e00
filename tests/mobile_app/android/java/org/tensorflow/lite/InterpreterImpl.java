package org.tensorflow.lite;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs models that are a description in words behind eight bytes of header: each value k of output number j is the sum
 * over the input's values, the i-th times ((i + k + j) % 7).
 */
class InterpreterImpl implements InterpreterApi {
    final List<TensorImpl> inputs = new ArrayList<>();
    final List<TensorImpl> outputs = new ArrayList<>();
    final List<String> signatures = new ArrayList<>();
    private final AtomicBoolean busy = new AtomicBoolean();
    private boolean breaks;
    private boolean closed;

    InterpreterImpl(ByteBuffer model) {
        if (!model.isDirect() || model.order() != ByteOrder.nativeOrder()) {
            throw new IllegalArgumentException("Model ByteBuffer should be a direct ByteBuffer in native order");
        }
        byte[] bytes = new byte[model.capacity()];
        ByteBuffer whole = model.duplicate();
        whole.clear();
        whole.get(bytes);
        String text = new String(bytes, 8, bytes.length - 8, StandardCharsets.UTF_8);
        for (String line : text.split("\n")) {
            String[] words = line.split(" ", 2);
            if (words[0].equals("input")) {
                inputs.add(new TensorImpl(words[1].split(" "), 10 + inputs.size()));
            } else if (words[0].equals("output")) {
                outputs.add(new TensorImpl(words[1].split(" "), 70 - outputs.size()));
            } else if (words[0].equals("signature")) {
                signatures.add(words[1]);
            } else if (words[0].equals("breaks")) {
                breaks = true;
            } else if (!words[0].equals("#")) {
                throw new IllegalArgumentException("Contents of buffer does not encode a valid TensorFlow Lite model");
            }
        }
    }

    void checkNotClosed() {
        if (closed) {
            throw new IllegalStateException("Internal error: The Interpreter has already been closed.");
        }
    }

    void run(Object input, Map<TensorImpl, Object> results) {
        checkNotClosed();
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException("two threads in one interpreter");
        }
        try {
            if (breaks) {
                throw new IllegalStateException("Internal error: Failed to run on the given Interpreter");
            }
            TensorImpl image = inputs.get(0);
            image.setTo(input);
            for (int j = 0; j < outputs.size(); j++) {
                TensorImpl output = outputs.get(j);
                for (int k = 0; k < output.numElements(); k++) {
                    double sum = 0;
                    for (int i = 0; i < image.numElements(); i++) {
                        sum += image.value(i) * ((i + k + j) % 7);
                    }
                    output.set(k, sum);
                }
            }
            for (Map.Entry<TensorImpl, Object> result : results.entrySet()) {
                result.getKey().copyTo(result.getValue());
            }
        } finally {
            busy.set(false);
        }
    }

    @Override
    public void allocateTensors() {
        checkNotClosed();
    }

    @Override
    public int getInputTensorCount() {
        return inputs.size();
    }

    @Override
    public Tensor getInputTensor(int inputIndex) {
        return inputs.get(inputIndex);
    }

    @Override
    public int getOutputTensorCount() {
        return outputs.size();
    }

    @Override
    public Tensor getOutputTensor(int outputIndex) {
        return outputs.get(outputIndex);
    }

    @Override
    public void runForMultipleInputsOutputs(Object[] inputs, Map<Integer, Object> outputs) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        closed = true;
    }

    static class Options extends InterpreterApi.Options {
        Boolean useXNNPACK;
    }
}
