package androidx.core.content;

import android.content.Context;
import android.net.Uri;
import java.io.File;

/** Knows one folder, as manifest/shared_files.xml has one. */
public class FileProvider {
    public static volatile String authority = "org.example.skin.shared";
    public static volatile String folder;

    public static Uri getUriForFile(Context context, String authority, File file) {
        if (!authority.equals(FileProvider.authority)) {
            throw new IllegalArgumentException("Couldn't find meta-data for provider with authority " + authority);
        }
        if (!file.getParent().equals(folder)) {
            throw new IllegalArgumentException("Failed to find configured root that contains " + file);
        }
        return Uri.parse("content://" + authority + "/shared/" + file.getName());
    }
}
