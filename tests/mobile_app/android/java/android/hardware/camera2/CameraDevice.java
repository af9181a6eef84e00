package android.hardware.camera2;

import android.os.Handler;
import android.view.Surface;
import java.util.List;

/** An opened camera of the make-believe phone. */
public class CameraDevice implements AutoCloseable {
    public static final int TEMPLATE_PREVIEW = 1;

    final StateCallback callback;
    final Handler handler;
    private boolean closed;

    CameraDevice(StateCallback callback, Handler handler) {
        this.callback = callback;
        this.handler = handler;
        Phone.opened.incrementAndGet();
    }

    public void createCaptureSession(
            List<Surface> outputs, CameraCaptureSession.StateCallback state, Handler handler)
            throws CameraAccessException {
        if (closed) {
            throw new IllegalStateException("closed");
        }
        CameraCaptureSession session = new CameraCaptureSession(this);
        handler.post(() -> state.onConfigured(session));
    }

    public CaptureRequest.Builder createCaptureRequest(int template) throws CameraAccessException {
        return new CaptureRequest.Builder();
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Phone.opened.decrementAndGet();
            handler.post(() -> callback.onClosed(this));
        }
    }

    public abstract static class StateCallback {
        public static final int ERROR_CAMERA_IN_USE = 1;
        public static final int ERROR_MAX_CAMERAS_IN_USE = 2;
        public static final int ERROR_CAMERA_DISABLED = 3;
        public static final int ERROR_CAMERA_DEVICE = 4;

        public abstract void onOpened(CameraDevice camera);

        public void onClosed(CameraDevice camera) {}

        public abstract void onDisconnected(CameraDevice camera);

        public abstract void onError(CameraDevice camera, int error);
    }
}
