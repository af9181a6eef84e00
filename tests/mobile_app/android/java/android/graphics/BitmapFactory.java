package android.graphics;

public class BitmapFactory {
    public static class Options {
        public ColorSpace inPreferredColorSpace;
    }

    public static volatile boolean knowsHeif = true;

    public static Bitmap decodeByteArray(byte[] data, int offset, int length, Options options) {
        return knowsHeif ? new Bitmap(length + " bytes in " + options.inPreferredColorSpace) : null;
    }
}
