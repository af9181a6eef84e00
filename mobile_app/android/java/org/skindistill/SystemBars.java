package org.skindistill;

import android.app.Activity;
import android.view.View;

/** Keeps the app clear of the system bars: since target API 35 an app's window extends below them. */
public final class SystemBars {
    private SystemBars() {}

    /** Pads an activity's content by the system bars, now and whenever they change. */
    public static void keepClear(final Activity activity) {
        activity.runOnUiThread(() -> {
            View content = activity.findViewById(android.R.id.content);
            content.setOnApplyWindowInsetsListener((view, insets) -> {
                view.setPadding(
                        insets.getSystemWindowInsetLeft(),
                        insets.getSystemWindowInsetTop(),
                        insets.getSystemWindowInsetRight(),
                        insets.getSystemWindowInsetBottom());
                return insets.consumeSystemWindowInsets();
            });
            content.requestApplyInsets();
        });
    }
}
