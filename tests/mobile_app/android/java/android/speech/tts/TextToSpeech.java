package android.speech.tts;

import android.content.Context;
import android.os.Bundle;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** Notes what it is told to say; which voices there are is for the tests to say. */
public class TextToSpeech {
    public static final int SUCCESS = 0;
    public static final int ERROR = -1;
    public static final int QUEUE_FLUSH = 0;
    public static final int LANG_AVAILABLE = 0;
    public static final int LANG_NOT_SUPPORTED = -2;

    public static final List<Voice> voices = new CopyOnWriteArrayList<>();
    public static final List<String> heard = new CopyOnWriteArrayList<>();
    public static volatile boolean engineMissing;
    public static volatile int millisecondsToStart;

    private Voice voice;

    public interface OnInitListener {
        void onInit(int status);
    }

    public static class Engine {
        public static final String KEY_FEATURE_NOT_INSTALLED = "notInstalled";
    }

    public TextToSpeech(Context context, OnInitListener listener) {
        if (engineMissing) {
            listener.onInit(ERROR); // as Android does: before the constructor returns
            return;
        }
        new Thread(() -> {
            try {
                Thread.sleep(millisecondsToStart);
            } catch (InterruptedException error) {
                throw new IllegalStateException(error);
            }
            listener.onInit(SUCCESS);
        }).start();
    }

    public static void reset() {
        voices.clear();
        heard.clear();
        engineMissing = false;
        millisecondsToStart = 0;
    }

    public int setLanguage(Locale language) {
        for (Voice known : voices) {
            if (known.getLocale().getLanguage().equals(language.getLanguage())) {
                voice = known;
                return LANG_AVAILABLE;
            }
        }
        return LANG_NOT_SUPPORTED;
    }

    public Voice getVoice() {
        return voice;
    }

    public Set<Voice> getVoices() {
        return new LinkedHashSet<>(voices);
    }

    public int setVoice(Voice voice) {
        this.voice = voice;
        return SUCCESS;
    }

    public int speak(CharSequence text, int queueMode, Bundle parameters, String utteranceId) {
        if (queueMode != QUEUE_FLUSH) {
            throw new IllegalArgumentException("words that wait for others");
        }
        heard.add(voice.getName() + ": " + text);
        return SUCCESS;
    }

    public int stop() {
        heard.add("(silence)");
        return SUCCESS;
    }
}
