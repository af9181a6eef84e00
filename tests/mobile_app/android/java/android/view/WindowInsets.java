package android.view;

/** A status bar of 90 pixels above and a navigation bar of 60 below. */
public final class WindowInsets {
    public int getSystemWindowInsetLeft() {
        return 0;
    }

    public int getSystemWindowInsetTop() {
        return 90;
    }

    public int getSystemWindowInsetRight() {
        return 0;
    }

    public int getSystemWindowInsetBottom() {
        return 60;
    }

    public WindowInsets consumeSystemWindowInsets() {
        return this;
    }
}
