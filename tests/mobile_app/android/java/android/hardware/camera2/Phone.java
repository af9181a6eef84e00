package android.hardware.camera2;

import android.util.Size;
import java.util.concurrent.atomic.AtomicInteger;

/** What the tests make of the phone. Not a class of Android's. */
public final class Phone {
    public static final AtomicInteger opened = new AtomicInteger();
    public static final AtomicInteger pictures = new AtomicInteger();
    public static boolean hasCamera;
    public static boolean frontOnly;
    public static boolean forbidden;
    public static int accessProblem;
    public static int openingError;
    public static int millisecondsToOpen;
    public static int millisecondsBetweenPictures;
    public static int sensorOrientation;
    public static int screenRotation;
    public static int dataSpace;
    public static byte[][] planes;
    public static int[] strides;
    private static int[] sizes;
    public static volatile CameraDevice device;
    public static volatile Object focusMode;

    static {
        reset();
    }

    private Phone() {}

    public static void reset() {
        hasCamera = true;
        frontOnly = forbidden = false;
        accessProblem = openingError = millisecondsToOpen = dataSpace = 0;
        millisecondsBetweenPictures = 5;
        sensorOrientation = screenRotation = 0;
        offer(new int[] {64, 48});
        focusMode = null;
    }

    /** Sizes of the pictures that the camera can give: width, height, width, height, ... */
    public static void offer(int[] widthsAndHeights) {
        sizes = widthsAndHeights;
    }

    /** The bytes of the three planes as the camera hands them out, and row and value strides of Y, and of U and V. */
    public static void show(byte[] y, byte[] u, byte[] v, int rowStride, int chromaRowStride, int chromaStride) {
        planes = new byte[][] {y, u, v};
        strides = new int[] {rowStride, chromaRowStride, chromaStride};
    }

    public static void pullOut() {
        CameraDevice lost = device;
        lost.handler.post(() -> lost.callback.onDisconnected(lost));
    }

    public static Size[] sizes() {
        Size[] all = new Size[sizes.length / 2];
        for (int i = 0; i < all.length; i++) {
            all[i] = new Size(sizes[2 * i], sizes[2 * i + 1]);
        }
        return all;
    }
}
