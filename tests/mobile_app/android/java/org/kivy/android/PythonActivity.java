package org.kivy.android;

import android.app.Activity;
import java.util.Arrays;

/** The activity of python-for-android, as far as the app uses it; the person answers after a moment. */
public class PythonActivity extends Activity {
    public static PythonActivity mActivity = new PythonActivity();
    public static volatile boolean granted;
    public static volatile boolean willGrant;
    public static volatile int questions;

    private PermissionsCallback permissionCallback;

    public interface PermissionsCallback {
        void onRequestPermissionsResult(int requestCode, String[] permissions, int[] grantResults);
    }

    public void addPermissionsCallback(PermissionsCallback callback) {
        permissionCallback = callback;
    }

    public boolean checkCurrentPermission(String permission) {
        return granted && permission.equals("android.permission.CAMERA");
    }

    public void requestPermissionsWithRequestCode(String[] permissions, int requestCode) {
        if (!Arrays.asList(permissions).contains("android.permission.CAMERA")) {
            throw new IllegalArgumentException(Arrays.toString(permissions));
        }
        questions++;
        new Thread(() -> {
            granted = willGrant;
            permissionCallback.onRequestPermissionsResult(requestCode, permissions, new int[] {granted ? 0 : -1});
        }).start();
    }
}
