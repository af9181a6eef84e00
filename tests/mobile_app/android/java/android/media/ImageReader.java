package android.media;

import android.os.Handler;
import android.view.Surface;

public class ImageReader implements AutoCloseable {
    final int width;
    final int height;
    private final int most;
    private int lent;
    private boolean closed;
    private OnImageAvailableListener listener;
    private Handler handler;

    private ImageReader(int width, int height, int most) {
        this.width = width;
        this.height = height;
        this.most = most;
    }

    public static ImageReader newInstance(int width, int height, int format, int maxImages) {
        return new ImageReader(width, height, maxImages);
    }

    public Surface getSurface() {
        return new Surface(this);
    }

    public void setOnImageAvailableListener(OnImageAvailableListener listener, Handler handler) {
        this.listener = listener;
        this.handler = handler;
    }

    public void deliver() {
        handler.post(() -> listener.onImageAvailable(this));
    }

    public synchronized Image acquireLatestImage() {
        if (closed) {
            throw new IllegalStateException("ImageReader is closed");
        }
        if (lent == most) {
            throw new IllegalStateException("maxImages has already been acquired");
        }
        lent++;
        return new Image(this);
    }

    synchronized void free() {
        lent--;
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    public interface OnImageAvailableListener {
        void onImageAvailable(ImageReader reader);
    }
}
