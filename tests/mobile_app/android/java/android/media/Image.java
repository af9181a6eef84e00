package android.media;

import android.hardware.camera2.Phone;
import java.nio.ByteBuffer;

/** One make-believe picture: copies of the planes in memory outside of Java's, as a camera gives them. */
public class Image implements AutoCloseable {
    private final ImageReader reader;
    private final Plane[] planes = new Plane[3];
    private boolean closed;

    Image(ImageReader reader) {
        this.reader = reader;
        Phone.pictures.incrementAndGet();
        for (int i = 0; i < planes.length; i++) {
            planes[i] = new Plane(Phone.planes[i], Phone.strides[i == 0 ? 0 : 1], i == 0 ? 1 : Phone.strides[2]);
        }
    }

    public Plane[] getPlanes() {
        if (closed) {
            throw new IllegalStateException("Image is already closed");
        }
        return planes;
    }

    public int getWidth() {
        return reader.width;
    }

    public int getHeight() {
        return reader.height;
    }

    public int getDataSpace() {
        return Phone.dataSpace;
    }

    @Override
    public void close() {
        closed = true;
        reader.free();
    }

    public static class Plane {
        private final ByteBuffer buffer;
        private final int rowStride;
        private final int pixelStride;

        Plane(byte[] bytes, int rowStride, int pixelStride) {
            buffer = ByteBuffer.allocateDirect(bytes.length);
            buffer.put(bytes);
            buffer.flip();
            this.rowStride = rowStride;
            this.pixelStride = pixelStride;
        }

        public ByteBuffer getBuffer() {
            return buffer;
        }

        public int getRowStride() {
            return rowStride;
        }

        public int getPixelStride() {
            return pixelStride;
        }
    }
}
