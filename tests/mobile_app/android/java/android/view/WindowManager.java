package android.view;

public interface WindowManager {
    default Display getDefaultDisplay() {
        return new Display();
    }
}
