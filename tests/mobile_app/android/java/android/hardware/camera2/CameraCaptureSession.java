package android.hardware.camera2;

import android.os.Handler;

public class CameraCaptureSession {
    private final CameraDevice device;

    CameraCaptureSession(CameraDevice device) {
        this.device = device;
    }

    /** Delivers the make-believe picture again and again until the camera is closed. */
    public int setRepeatingRequest(CaptureRequest request, CaptureCallback listener, Handler handler)
            throws CameraAccessException {
        Phone.focusMode = request.values.get(CaptureRequest.CONTROL_AF_MODE);
        Thread shutter = new Thread(() -> {
            while (!device.isClosed()) {
                request.target.reader.deliver();
                try {
                    Thread.sleep(Phone.millisecondsBetweenPictures);
                } catch (InterruptedException error) {
                    return;
                }
            }
        }, "shutter");
        shutter.setDaemon(true);
        shutter.start();
        return 0;
    }

    public abstract static class CaptureCallback {}

    public abstract static class StateCallback {
        public abstract void onConfigured(CameraCaptureSession session);

        public abstract void onConfigureFailed(CameraCaptureSession session);
    }
}
