package org.skindistill;

import org.kivy.android.PythonActivity;

/** Asks for the camera permission and waits for the answer. */
public final class CameraPermission implements PythonActivity.PermissionsCallback {
    private static final String CAMERA = "android.permission.CAMERA";
    private static final int REQUEST = 0x5ca;

    private boolean answered;

    private CameraPermission() {}

    /** Whether the camera may be used. */
    public static boolean isHeld(PythonActivity activity) {
        return activity.checkCurrentPermission(CAMERA);
    }

    /**
     * Shows Android's permission dialog. Not for the UI thread.
     *
     * @param milliseconds how long to wait for the answer
     * @return whether the camera may be used now
     */
    public static boolean ask(PythonActivity activity, long milliseconds) throws InterruptedException {
        CameraPermission question = new CameraPermission();
        activity.runOnUiThread(() -> {
            activity.addPermissionsCallback(question);
            activity.requestPermissionsWithRequestCode(new String[] {CAMERA}, REQUEST);
        });
        question.await(milliseconds);
        return isHeld(activity);
    }

    @Override
    public synchronized void onRequestPermissionsResult(int request, String[] permissions, int[] results) {
        if (request == REQUEST) {
            answered = true;
            notifyAll();
        }
    }

    private synchronized void await(long milliseconds) throws InterruptedException {
        long end = System.nanoTime() + milliseconds * 1_000_000;
        for (long left = milliseconds; !answered && left > 0; left = (end - System.nanoTime()) / 1_000_000) {
            wait(left);
        }
    }
}
