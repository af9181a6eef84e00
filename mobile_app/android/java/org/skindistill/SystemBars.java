package org.skindistill;

import android.app.Activity;
import android.view.View;

/** Keeps the app clear of Android's own bars: from target API 35 on, an app's window lies beneath them. */
public final class SystemBars {
    private SystemBars() {}

    /** Insets the content of an activity by the height of the bars, now and whenever they change. */
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
