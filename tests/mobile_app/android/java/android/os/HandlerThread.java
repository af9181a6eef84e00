package android.os;

import java.util.concurrent.atomic.AtomicInteger;

public class HandlerThread extends Thread {
    public static final AtomicInteger running = new AtomicInteger();
    public static volatile String crash;

    private final Looper looper = new Looper();

    public HandlerThread(String name) {
        super(name);
    }

    @Override
    public void start() {
        running.incrementAndGet();
    }

    public Looper getLooper() {
        return looper;
    }

    public boolean quitSafely() {
        if (!looper.work.isShutdown()) {
            looper.work.shutdown();
            running.decrementAndGet();
        }
        return true;
    }
}
