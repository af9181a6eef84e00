package org.skindistill;

import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.ClipData;
import android.content.Intent;
import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import android.graphics.ColorSpace;
import android.net.Uri;
import androidx.core.content.FileProvider;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import org.kivy.android.PythonActivity;

/** Photo picker and share list; neither needs a permission. */
public final class Documents implements PythonActivity.ActivityResultListener {
    private static final int REQUEST = 0x5cb;
    private static final int PIECE = 1 << 16;
    private static final int QUALITY = 98;

    private boolean answered;
    private Uri chosen;
    private String problem;

    private Documents() {}

    /**
     * Shows the photo picker and waits for the person. Not for the UI thread.
     *
     * @param most largest file, bytes
     * @return the unchanged file, a JPEG in sRGB for HEIC and AVIF, or null if nothing was picked
     * @throws IOException no app can pick photos, or the file is unreadable or too large
     */
    public static byte[] pickPhoto(PythonActivity activity, int most) throws IOException, InterruptedException {
        Documents question = new Documents();
        activity.runOnUiThread(() -> question.ask(activity));
        Uri photo;
        try {
            photo = question.await();
        } finally {
            activity.runOnUiThread(() -> activity.unregisterActivityResultListener(question));
        }
        return photo == null ? null : readable(read(activity, photo, most));
    }

    /**
     * Shows the share list and returns; the chosen app may read this one file.
     *
     * @param path of a file in a folder listed in manifest/shared_files.xml
     * @param type such as image/png
     */
    public static void share(PythonActivity activity, String path, String type) {
        Uri uri = FileProvider.getUriForFile(activity, activity.getPackageName() + ".shared", new File(path));
        Intent send = new Intent(Intent.ACTION_SEND);
        send.setType(type);
        send.putExtra(Intent.EXTRA_STREAM, uri);
        // The chosen app may read only what is in the clip data.
        send.setClipData(ClipData.newRawUri("", uri));
        send.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION);
        Intent list = Intent.createChooser(send, null);
        activity.runOnUiThread(() -> activity.startActivity(list));
    }

    @Override
    public void onActivityResult(int request, int result, Intent data) {
        if (request == REQUEST) {
            answer(result == Activity.RESULT_OK && data != null ? data.getData() : null, null);
        }
    }

    private void ask(PythonActivity activity) {
        // Android 13 and newer show their photo picker for it, older ones the apps that hold photos.
        Intent pick = new Intent(Intent.ACTION_GET_CONTENT);
        pick.setType("image/*");
        pick.addCategory(Intent.CATEGORY_OPENABLE);
        activity.registerActivityResultListener(this);
        try {
            activity.startActivityForResult(pick, REQUEST);
        } catch (ActivityNotFoundException error) {
            answer(null, "no app on this phone shows photos");
        }
    }

    private synchronized void answer(Uri uri, String failure) {
        answered = true;
        chosen = uri;
        problem = failure;
        notifyAll();
    }

    private synchronized Uri await() throws IOException, InterruptedException {
        while (!answered) {
            wait();
        }
        if (problem != null) {
            throw new IOException(problem);
        }
        return chosen;
    }

    private static byte[] read(PythonActivity activity, Uri photo, int most) throws IOException {
        try (InputStream in = activity.getContentResolver().openInputStream(photo)) {
            if (in == null) {
                throw new IOException("the app that holds the photo does not give it");
            }
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            byte[] piece = new byte[PIECE];
            for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
                if (content.size() + count > most) {
                    throw new IOException("the photo is larger than " + most / 1_000_000 + " MB");
                }
                content.write(piece, 0, count);
            }
            return content.toByteArray();
        } catch (SecurityException error) {
            throw new IOException("the app that holds the photo does not give it", error);
        }
    }

    /** Turns HEIC and AVIF, which no library of the app decodes, into JPEG; the system applies orientation and profile. */
    private static byte[] readable(byte[] file) {
        if (file.length < 12 || file[4] != 'f' || file[5] != 't' || file[6] != 'y' || file[7] != 'p') {
            return file;
        }
        BitmapFactory.Options options = new BitmapFactory.Options();
        options.inPreferredColorSpace = ColorSpace.get(ColorSpace.Named.SRGB);
        Bitmap picture = BitmapFactory.decodeByteArray(file, 0, file.length, options);
        if (picture == null) {
            return file; // Android before 9 for HEIC, 12 for AVIF; what reads photos says so
        }
        ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
        picture.compress(Bitmap.CompressFormat.JPEG, QUALITY, jpeg);
        picture.recycle();
        return jpeg.toByteArray();
    }
}
