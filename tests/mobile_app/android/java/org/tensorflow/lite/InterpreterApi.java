package org.tensorflow.lite;

import java.util.Map;

public interface InterpreterApi extends AutoCloseable {
    void allocateTensors();

    int getInputTensorCount();

    Tensor getInputTensor(int inputIndex);

    int getOutputTensorCount();

    Tensor getOutputTensor(int outputIndex);

    void runForMultipleInputsOutputs(Object[] inputs, Map<Integer, Object> outputs);

    @Override
    void close();

    class Options {
        int numThreads = -1;

        public Options() {}

        public Options setNumThreads(int numThreads) {
            this.numThreads = numThreads;
            return this;
        }
    }
}
