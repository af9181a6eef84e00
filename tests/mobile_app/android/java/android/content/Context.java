package android.content;

import android.hardware.camera2.CameraManager;
import android.view.WindowManager;

public class Context {
    public static final String CAMERA_SERVICE = "camera";
    public static final String WINDOW_SERVICE = "window";

    public String getPackageName() {
        return "org.example.skin";
    }

    public ContentResolver getContentResolver() {
        return new ContentResolver();
    }

    public Object getSystemService(String name) {
        return name.equals(CAMERA_SERVICE) ? new CameraManager() : new WindowManager() {};
    }
}
