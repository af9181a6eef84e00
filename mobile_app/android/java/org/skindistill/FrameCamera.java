package org.skindistill;

import android.content.Context;
import android.graphics.ImageFormat;
import android.hardware.camera2.CameraAccessException;
import android.hardware.camera2.CameraCaptureSession;
import android.hardware.camera2.CameraCharacteristics;
import android.hardware.camera2.CameraDevice;
import android.hardware.camera2.CameraManager;
import android.hardware.camera2.CaptureRequest;
import android.hardware.camera2.params.StreamConfigurationMap;
import android.media.Image;
import android.media.ImageReader;
import android.os.Build;
import android.os.Handler;
import android.os.HandlerThread;
import android.util.Size;
import android.view.Surface;
import android.view.WindowManager;
import java.nio.ByteBuffer;
import java.util.Collections;

/**
 * The camera on the back of a phone, through Camera2: keeps the newest preview picture until somebody takes it.
 *
 * <p>Python calls this and is never called back: everything that Android reports is handled here, on a thread of its
 * own. One thread at a time opens, takes and closes.
 */
public final class FrameCamera {
    // The reasons of mobile_app.sources.source.REASONS.
    private static final String ABSENT = "absent";
    private static final String BUSY = "busy";
    private static final String DENIED = "denied";
    private static final String UNPLUGGED = "unplugged";

    /** Picture buffers: one shown, one being filled, one spare. */
    private static final int PICTURES = 3;
    /** Bits of a data space that tell the range of its values; their value for 16 to 235, DataSpace.RANGE_LIMITED. */
    private static final int RANGE_SHIFT = 27;
    private static final int RANGE_MASK = 7;
    private static final int RANGE_LIMITED = 2;

    private final Context context;
    private Connection connection;
    private byte[] taken;
    private int[] layout = new int[0];
    private long takenNanos;

    public FrameCamera(Context context) {
        this.context = context;
    }

    /**
     * Opens the camera and starts the preview. Returns at once: later errors end {@link #take} and are reported by
     * {@link #problem}.
     *
     * @param width largest width of a picture, before it is turned upright
     * @param height largest height
     */
    public synchronized void open(int width, int height) {
        close();
        connection = new Connection(width, height);
        connection.start();
    }

    /**
     * Waits for a picture newer than the last one taken.
     *
     * @return the bytes of its three planes, Y, U and V, one after the other, described by {@link #layout} and valid
     *     until the next call; null when none came in time, or none will come
     */
    public byte[] take(long milliseconds) throws InterruptedException {
        Connection current;
        synchronized (this) {
            current = connection;
        }
        return current == null ? null : current.take(milliseconds);
    }

    /**
     * Memory layout of the last picture: width, height, row strides of Y and of U and V, pixel stride of U and V,
     * offsets of U and V, clockwise rotation to upright in degrees, and 1 for full range (0 to 255), 0 for video range
     * (16 to 235).
     */
    public int[] layout() {
        return layout;
    }

    /** Arrival time of the last picture, System.nanoTime(). */
    public long takenNanos() {
        return takenNanos;
    }

    /** Why there are no more pictures; null if all is well. */
    public synchronized String problem() {
        return connection == null ? null : connection.problem;
    }

    /** Android's own message. */
    public synchronized String detail() {
        return connection == null ? "closed" : connection.detail;
    }

    /** Releases the camera. */
    public synchronized void close() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }

    /** One opening of the camera, from asking for it to its release. */
    private final class Connection extends CameraDevice.StateCallback implements ImageReader.OnImageAvailableListener {
        private final int largestWidth;
        private final int largestHeight;
        private final HandlerThread thread = new HandlerThread("frame camera");
        private Handler handler;
        private CameraDevice device;
        private ImageReader reader;
        private int sensorTurn;
        private boolean facesPerson;
        private boolean focuses;
        private boolean closed;
        private volatile String problem;
        private volatile String detail = "";

        private byte[] newest;
        private byte[] spare;
        private int[] newestLayout;
        private long newestNanos;

        Connection(int width, int height) {
            largestWidth = width;
            largestHeight = height;
        }

        synchronized void start() {
            thread.start();
            handler = new Handler(thread.getLooper());
            try {
                CameraManager manager = (CameraManager) context.getSystemService(Context.CAMERA_SERVICE);
                String id = choose(manager);
                if (id == null) {
                    fail(ABSENT, "no camera");
                    return;
                }
                describe(manager.getCameraCharacteristics(id));
                manager.openCamera(id, this, handler);
            } catch (CameraAccessException error) {
                fail(reasonOf(error), String.valueOf(error.getMessage()));
            } catch (SecurityException error) {
                fail(DENIED, String.valueOf(error.getMessage()));
            } catch (IllegalArgumentException error) {
                // The camera was unplugged between being listed and being opened.
                fail(ABSENT, String.valueOf(error.getMessage()));
            } catch (RuntimeException error) {
                fail(UNPLUGGED, String.valueOf(error));
            }
        }

        private String choose(CameraManager manager) throws CameraAccessException {
            String[] ids = manager.getCameraIdList();
            for (String id : ids) {
                Integer facing = manager.getCameraCharacteristics(id).get(CameraCharacteristics.LENS_FACING);
                if (facing != null && facing == CameraCharacteristics.LENS_FACING_BACK) {
                    return id;
                }
            }
            return ids.length > 0 ? ids[0] : null;
        }

        private void describe(CameraCharacteristics camera) {
            Integer facing = camera.get(CameraCharacteristics.LENS_FACING);
            facesPerson = facing != null && facing == CameraCharacteristics.LENS_FACING_FRONT;
            Integer turn = camera.get(CameraCharacteristics.SENSOR_ORIENTATION);
            sensorTurn = turn == null ? 0 : turn;
            int[] modes = camera.get(CameraCharacteristics.CONTROL_AF_AVAILABLE_MODES);
            for (int mode : modes == null ? new int[0] : modes) {
                focuses |= mode == CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE;
            }
            Size size = fitting(camera.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP));
            reader = ImageReader.newInstance(size.getWidth(), size.getHeight(), ImageFormat.YUV_420_888, PICTURES);
            reader.setOnImageAvailableListener(this, handler);
        }

        /** The largest picture within the limits; the smallest of all if none is. */
        private Size fitting(StreamConfigurationMap map) {
            Size best = null;
            Size smallest = null;
            for (Size size : map.getOutputSizes(ImageFormat.YUV_420_888)) {
                boolean fits = size.getWidth() <= largestWidth && size.getHeight() <= largestHeight;
                if (fits && (best == null || area(size) > area(best))) {
                    best = size;
                }
                if (smallest == null || area(size) < area(smallest)) {
                    smallest = size;
                }
            }
            return best == null ? smallest : best;
        }

        private long area(Size size) {
            return (long) size.getWidth() * size.getHeight();
        }

        @Override
        public synchronized void onOpened(CameraDevice opened) {
            device = opened;
            if (closed) {
                opened.close();
                return;
            }
            try {
                opened.createCaptureSession(
                        Collections.singletonList(reader.getSurface()),
                        new CameraCaptureSession.StateCallback() {
                            @Override
                            public void onConfigured(CameraCaptureSession session) {
                                preview(session);
                            }

                            @Override
                            public void onConfigureFailed(CameraCaptureSession session) {
                                fail(BUSY, "the camera cannot be set up");
                            }
                        },
                        handler);
            } catch (CameraAccessException error) {
                fail(reasonOf(error), String.valueOf(error.getMessage()));
            } catch (IllegalStateException | IllegalArgumentException error) {
                fail(UNPLUGGED, String.valueOf(error.getMessage()));
            }
        }

        private synchronized void preview(CameraCaptureSession session) {
            if (closed) {
                return;
            }
            try {
                CaptureRequest.Builder request = device.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW);
                request.addTarget(reader.getSurface());
                if (focuses) {
                    request.set(CaptureRequest.CONTROL_AF_MODE, CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_PICTURE);
                }
                session.setRepeatingRequest(request.build(), null, handler);
            } catch (CameraAccessException error) {
                fail(reasonOf(error), String.valueOf(error.getMessage()));
            } catch (IllegalStateException | IllegalArgumentException error) {
                fail(UNPLUGGED, String.valueOf(error.getMessage()));
            }
        }

        @Override
        public void onDisconnected(CameraDevice lost) {
            // A program in front of this one took the camera; few phones have one that can be pulled out.
            fail(BUSY, "disconnected");
            lost.close();
        }

        @Override
        public void onError(CameraDevice lost, int error) {
            if (error == CameraDevice.StateCallback.ERROR_CAMERA_IN_USE
                    || error == CameraDevice.StateCallback.ERROR_MAX_CAMERAS_IN_USE) {
                fail(BUSY, "error " + error);
            } else if (error == CameraDevice.StateCallback.ERROR_CAMERA_DISABLED) {
                fail(DENIED, "error " + error);
            } else {
                fail(UNPLUGGED, "error " + error);
            }
            lost.close();
        }

        @Override
        public void onClosed(CameraDevice released) {
            thread.quitSafely();
        }

        @Override
        public synchronized void onImageAvailable(ImageReader source) {
            if (closed) {
                return;
            }
            Image image = source.acquireLatestImage();
            if (image == null) {
                return;
            }
            try {
                keep(image);
            } finally {
                image.close();
            }
            notifyAll();
        }

        private void keep(Image image) {
            ByteBuffer[] planes = new ByteBuffer[3];
            int length = 0;
            for (int i = 0; i < planes.length; i++) {
                planes[i] = image.getPlanes()[i].getBuffer();
                planes[i].rewind();
                length += planes[i].remaining();
            }
            byte[] bytes = spare != null && spare.length == length ? spare : new byte[length];
            int[] begins = new int[planes.length];
            for (int i = 0, at = 0; i < planes.length; i++) {
                begins[i] = at;
                int size = planes[i].remaining();
                planes[i].get(bytes, at, size);
                at += size;
            }
            spare = newest;
            newest = bytes;
            newestNanos = System.nanoTime();
            Image.Plane luma = image.getPlanes()[0];
            Image.Plane chroma = image.getPlanes()[1];
            newestLayout = new int[] {
                image.getWidth(), image.getHeight(), luma.getRowStride(), chroma.getRowStride(),
                chroma.getPixelStride(), begins[1], begins[2], turn(), isFullRange(image) ? 1 : 0,
            };
        }

        /** A sensor is built in sideways, as a rule, and the screen may be held in any way. */
        private int turn() {
            WindowManager windows = (WindowManager) context.getSystemService(Context.WINDOW_SERVICE);
            int screen = 0;
            switch (windows.getDefaultDisplay().getRotation()) {
                case Surface.ROTATION_90:
                    screen = 90;
                    break;
                case Surface.ROTATION_180:
                    screen = 180;
                    break;
                case Surface.ROTATION_270:
                    screen = 270;
                    break;
                default:
                    break;
            }
            return (facesPerson ? sensorTurn + screen : sensorTurn - screen + 360) % 360;
        }

        /** Cameras give JPEG's full range unless they say otherwise, which they can since Android 13. */
        private boolean isFullRange(Image image) {
            return Build.VERSION.SDK_INT < 33
                    || (image.getDataSpace() >> RANGE_SHIFT & RANGE_MASK) != RANGE_LIMITED;
        }

        synchronized byte[] take(long milliseconds) throws InterruptedException {
            long end = System.nanoTime() + milliseconds * 1_000_000;
            while (newest == null && problem == null && !closed) {
                long left = (end - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    return null;
                }
                wait(left);
            }
            if (newest == null) {
                return null;
            }
            // What was taken before is free now; a third array is being filled or waits to be.
            byte[] free = taken;
            taken = newest;
            newest = null;
            if (spare == null) {
                spare = free;
            }
            layout = newestLayout;
            takenNanos = newestNanos;
            return taken;
        }

        private String reasonOf(CameraAccessException error) {
            switch (error.getReason()) {
                case CameraAccessException.CAMERA_IN_USE:
                case CameraAccessException.MAX_CAMERAS_IN_USE:
                    return BUSY;
                case CameraAccessException.CAMERA_DISABLED:
                    return DENIED;
                default:
                    return UNPLUGGED;
            }
        }

        private synchronized void fail(String reason, String words) {
            if (!closed) {
                detail = words;
                problem = reason;
                newest = null;
                close();
            }
        }

        synchronized void close() {
            if (closed) {
                return;
            }
            closed = true;
            if (device != null) {
                device.close();
            } else if (problem != null) {
                thread.quitSafely();
            }
            // A camera that is still being opened is closed by onOpened, and the thread ends with it.
            if (reader != null) {
                reader.close();
            }
            notifyAll();
        }
    }
}
