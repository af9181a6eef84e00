package android.hardware.camera2;

import android.os.Handler;

public final class CameraManager {
    public String[] getCameraIdList() throws CameraAccessException {
        return Phone.hasCamera ? new String[] {"front", "back"} : new String[0];
    }

    public CameraCharacteristics getCameraCharacteristics(String id) throws CameraAccessException {
        boolean back = id.equals("back") && !Phone.frontOnly;
        return new CameraCharacteristics(
                back ? CameraMetadata.LENS_FACING_BACK : CameraMetadata.LENS_FACING_FRONT);
    }

    public void openCamera(String id, CameraDevice.StateCallback callback, Handler handler)
            throws CameraAccessException {
        if (Phone.accessProblem != 0) {
            throw new CameraAccessException(Phone.accessProblem);
        }
        if (Phone.forbidden) {
            throw new SecurityException("no permission");
        }
        CameraDevice device = new CameraDevice(callback, handler);
        Phone.device = device;
        int error = Phone.openingError;
        handler.postDelayed(
                () -> {
                    if (error != 0) {
                        callback.onError(device, error);
                    } else {
                        callback.onOpened(device);
                    }
                },
                Phone.millisecondsToOpen);
    }
}
