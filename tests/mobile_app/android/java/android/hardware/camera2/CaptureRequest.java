package android.hardware.camera2;

import android.view.Surface;
import java.util.HashMap;
import java.util.Map;

public final class CaptureRequest extends CameraMetadata<CaptureRequest.Key<?>> {
    public static final Key<Integer> CONTROL_AF_MODE = new Key<>();

    public Surface target;
    public final Map<Key<?>, Object> values = new HashMap<>();

    public static final class Key<T> {}

    public static final class Builder {
        private final CaptureRequest request = new CaptureRequest();

        public void addTarget(Surface target) {
            request.target = target;
        }

        public <T> void set(Key<T> key, T value) {
            request.values.put(key, value);
        }

        public CaptureRequest build() {
            return request;
        }
    }
}
