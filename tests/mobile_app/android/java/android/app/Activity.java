package android.app;

import android.content.Context;
import android.view.View;

/** Runs what is for the thread of the screen on a thread of its own. */
public class Activity extends Context {
    public final View content = new View();

    public final void runOnUiThread(Runnable action) {
        new Thread(action, "screen").start();
    }

    public View findViewById(int id) {
        return id == android.R.id.content ? content : null;
    }
}
