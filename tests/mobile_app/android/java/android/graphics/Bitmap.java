package android.graphics;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Knows what it was decoded from; its JPEG says so. */
public final class Bitmap {
    public enum CompressFormat {
        JPEG,
        PNG
    }

    private final String origin;

    Bitmap(String origin) {
        this.origin = origin;
    }

    public boolean compress(CompressFormat format, int quality, OutputStream stream) {
        try {
            stream.write((format + " of " + origin).getBytes(StandardCharsets.US_ASCII));
        } catch (IOException error) {
            return false;
        }
        return true;
    }

    public void recycle() {}
}
