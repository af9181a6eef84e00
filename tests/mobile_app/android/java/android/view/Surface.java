package android.view;

import android.media.ImageReader;

public class Surface {
    public static final int ROTATION_0 = 0;
    public static final int ROTATION_90 = 1;
    public static final int ROTATION_180 = 2;
    public static final int ROTATION_270 = 3;

    public final ImageReader reader;

    public Surface(ImageReader reader) {
        this.reader = reader;
    }
}
