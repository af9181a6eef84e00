package android.view;

public class View {
    public volatile int[] padding;

    private OnApplyWindowInsetsListener listener;

    public void setOnApplyWindowInsetsListener(OnApplyWindowInsetsListener listener) {
        this.listener = listener;
    }

    public void setPadding(int left, int top, int right, int bottom) {
        padding = new int[] {left, top, right, bottom};
    }

    public void requestApplyInsets() {
        listener.onApplyWindowInsets(this, new WindowInsets());
    }

    public interface OnApplyWindowInsetsListener {
        WindowInsets onApplyWindowInsets(View view, WindowInsets insets);
    }
}
