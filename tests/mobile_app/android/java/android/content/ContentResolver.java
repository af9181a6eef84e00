package android.content;

import android.net.Uri;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.InputStream;

/** Gives what the tests put here, in pieces smaller than were asked for. */
public class ContentResolver {
    private static volatile byte[] content;
    public static volatile boolean missing;
    public static volatile boolean forbidden;

    public static void hold(byte[] bytes) {
        content = bytes;
    }

    public final InputStream openInputStream(Uri uri) throws FileNotFoundException {
        if (forbidden) {
            throw new SecurityException("Permission Denial");
        }
        if (missing) {
            throw new FileNotFoundException("No content provider: " + uri);
        }
        return content == null
                ? null
                : new ByteArrayInputStream(content) {
                    @Override
                    public synchronized int read(byte[] into, int offset, int length) {
                        return super.read(into, offset, Math.min(length, 1000));
                    }
                };
    }
}
