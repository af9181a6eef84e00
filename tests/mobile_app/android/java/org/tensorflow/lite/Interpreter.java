package org.tensorflow.lite;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

public final class Interpreter extends InterpreterImpl implements InterpreterApi {
    /** What the tests look at; not in the real one. */
    public static volatile int lastThreads;

    public static volatile String lastXnnpack;

    public static class Options extends InterpreterImpl.Options {
        public Options() {}

        @Override
        public Options setNumThreads(int numThreads) {
            super.setNumThreads(numThreads);
            return this;
        }

        public Options setUseXNNPACK(boolean useXNNPACK) {
            this.useXNNPACK = useXNNPACK;
            return this;
        }
    }

    public Interpreter(File modelFile) {
        this(modelFile, null);
    }

    public Interpreter(File modelFile, Options options) {
        super(null);
        throw new UnsupportedOperationException();
    }

    public Interpreter(ByteBuffer byteBuffer) {
        this(byteBuffer, null);
    }

    public Interpreter(ByteBuffer byteBuffer, Options options) {
        super(byteBuffer);
        lastThreads = options == null ? -1 : options.numThreads;
        lastXnnpack = options == null ? "null" : String.valueOf(options.useXNNPACK);
    }

    public String[] getSignatureKeys() {
        return signatures.toArray(new String[0]);
    }

    public String[] getSignatureInputs(String signatureKey) {
        return names(inputs, false);
    }

    /** In another order than the outputs themselves, as in files of a converter. */
    public String[] getSignatureOutputs(String signatureKey) {
        return names(outputs, true);
    }

    public Tensor getInputTensorFromSignature(String inputName, String signatureKey) {
        return named(inputs, inputName);
    }

    public Tensor getOutputTensorFromSignature(String outputName, String signatureKey) {
        return named(outputs, outputName);
    }

    public void runSignature(Map<String, Object> inputs, Map<String, Object> outputs) {
        runSignature(inputs, outputs, null);
    }

    public void runSignature(Map<String, Object> inputs, Map<String, Object> outputs, String signatureKey) {
        if (!signatures.contains(signatureKey)) {
            throw new IllegalArgumentException("Input error: Signature " + signatureKey + " not found.");
        }
        Map<TensorImpl, Object> results = new HashMap<>();
        for (Map.Entry<String, Object> output : outputs.entrySet()) {
            results.put(named(this.outputs, output.getKey()), output.getValue());
        }
        run(inputs.get(this.inputs.get(0).name), results);
    }

    private static String[] names(Iterable<TensorImpl> tensors, boolean reversed) {
        StringBuilder all = new StringBuilder();
        for (TensorImpl tensor : tensors) {
            all = reversed ? all.insert(0, tensor.name + " ") : all.append(tensor.name).append(" ");
        }
        return all.toString().trim().split(" ");
    }

    private static TensorImpl named(Iterable<TensorImpl> tensors, String name) {
        for (TensorImpl tensor : tensors) {
            if (tensor.name.equals(name)) {
                return tensor;
            }
        }
        throw new IllegalArgumentException("Invalid tensor name " + name);
    }
}
