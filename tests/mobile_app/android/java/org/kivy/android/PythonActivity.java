package org.kivy.android;

import android.app.Activity;
import android.content.Intent;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

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

    public interface ActivityResultListener {
        void onActivityResult(int requestCode, int resultCode, Intent data);
    }

    public final List<ActivityResultListener> listeners = new CopyOnWriteArrayList<>();

    public void registerActivityResultListener(ActivityResultListener listener) {
        listeners.add(listener);
    }

    public void unregisterActivityResultListener(ActivityResultListener listener) {
        listeners.remove(listener);
    }

    @Override
    protected void onActivityResult(int requestCode, int resultCode, Intent intent) {
        listeners.forEach(listener -> listener.onActivityResult(requestCode, resultCode, intent));
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
