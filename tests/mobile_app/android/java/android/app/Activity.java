package android.app;

import android.content.ActivityNotFoundException;
import android.content.Context;
import android.content.Intent;
import android.net.Uri;
import android.view.View;

/** Runs what is for the thread of the screen on a thread of its own. */
public class Activity extends Context {
    public final View content = new View();

    public static final int RESULT_OK = -1;
    public static final int RESULT_CANCELED = 0;
    public static volatile Intent started;
    /** What the person picks; null for nothing. */
    public static volatile String picks;
    public static volatile boolean nothingPicksPhotos;
    public static volatile int millisecondsToPick;

    public void startActivity(Intent intent) {
        started = intent;
    }

    public void startActivityForResult(Intent intent, int request) {
        if (nothingPicksPhotos) {
            throw new ActivityNotFoundException();
        }
        started = intent;
        new Thread(() -> {
            try {
                Thread.sleep(millisecondsToPick);
            } catch (InterruptedException error) {
                throw new IllegalStateException(error);
            }
            onActivityResult(request + 1, RESULT_OK, new Intent(null)); // of somebody else's question
            onActivityResult(
                    request,
                    picks == null ? RESULT_CANCELED : RESULT_OK,
                    picks == null ? null : new Intent(null).setData(Uri.parse(picks)));
        }).start();
    }

    protected void onActivityResult(int requestCode, int resultCode, Intent data) {}

    public final void runOnUiThread(Runnable action) {
        new Thread(action, "screen").start();
    }

    public View findViewById(int id) {
        return id == android.R.id.content ? content : null;
    }
}
