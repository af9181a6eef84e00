package android.os;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

public class Handler {
    private final Looper looper;

    public Handler(Looper looper) {
        this.looper = looper;
    }

    public final boolean post(Runnable action) {
        return postDelayed(action, 0);
    }

    public final boolean postDelayed(Runnable action, long milliseconds) {
        try {
            looper.work.schedule(() -> run(action), milliseconds, TimeUnit.MILLISECONDS);
            return true;
        } catch (RejectedExecutionException ended) {
            return false;
        }
    }

    /** On a phone an exception here ends the app. */
    private static void run(Runnable action) {
        try {
            action.run();
        } catch (Throwable error) {
            HandlerThread.crash = error.toString();
        }
    }
}
