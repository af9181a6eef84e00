package android.os;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

public final class Looper {
    final ScheduledExecutorService work = Executors.newSingleThreadScheduledExecutor();
}
