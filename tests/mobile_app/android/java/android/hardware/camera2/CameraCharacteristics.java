package android.hardware.camera2;

import android.hardware.camera2.params.StreamConfigurationMap;

public final class CameraCharacteristics extends CameraMetadata<CameraCharacteristics.Key<?>> {
    public static final Key<Integer> LENS_FACING = new Key<>();
    public static final Key<Integer> SENSOR_ORIENTATION = new Key<>();
    public static final Key<int[]> CONTROL_AF_AVAILABLE_MODES = new Key<>();
    public static final Key<StreamConfigurationMap> SCALER_STREAM_CONFIGURATION_MAP = new Key<>();

    private final int facing;

    CameraCharacteristics(int facing) {
        this.facing = facing;
    }

    @SuppressWarnings("unchecked")
    public <T> T get(Key<T> key) {
        if (key == LENS_FACING) {
            return (T) Integer.valueOf(facing);
        }
        if (key == SENSOR_ORIENTATION) {
            return (T) Integer.valueOf(Phone.sensorOrientation);
        }
        if (key == CONTROL_AF_AVAILABLE_MODES) {
            return (T) new int[] {0, CONTROL_AF_MODE_CONTINUOUS_PICTURE};
        }
        return (T) new StreamConfigurationMap();
    }

    public static final class Key<T> {}
}
