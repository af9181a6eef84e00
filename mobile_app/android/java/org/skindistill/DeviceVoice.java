package org.skindistill;

import android.content.Context;
import android.speech.tts.TextToSpeech;
import android.speech.tts.Voice;
import java.util.Locale;
import java.util.Set;

/** Speaks English with a voice that lies on the phone; never with one that sends the words away. */
public final class DeviceVoice implements TextToSpeech.OnInitListener {
    private TextToSpeech engine;
    private boolean ready;
    private boolean failed;
    private String waiting;

    /** Begins to look for a voice; Android answers later. */
    public DeviceVoice(Context context) {
        synchronized (this) {
            // Where there is no engine, onInit is called in here.
            engine = new TextToSpeech(context, this);
        }
    }

    /** Whether there is a voice, as far as is known by now. */
    public synchronized boolean isAvailable() {
        return !failed;
    }

    /** Says it at once, or as soon as the voice is there; new words cut off old ones. */
    public synchronized void say(String text) {
        if (ready) {
            engine.speak(text, TextToSpeech.QUEUE_FLUSH, null, null);
        } else if (!failed) {
            waiting = text;
        }
    }

    /** Stops speaking. */
    public synchronized void hush() {
        waiting = null;
        if (ready) {
            engine.stop();
        }
    }

    @Override
    public synchronized void onInit(int status) {
        ready = status == TextToSpeech.SUCCESS && chooseVoice();
        failed = !ready;
        if (ready && waiting != null) {
            say(waiting);
        }
        waiting = null;
    }

    private boolean chooseVoice() {
        if (engine.setLanguage(Locale.US) < TextToSpeech.LANG_AVAILABLE) {
            return false;
        }
        if (isLocal(engine.getVoice())) {
            return true;
        }
        Set<Voice> voices = engine.getVoices();
        if (voices == null) {
            return false;
        }
        for (Voice voice : voices) {
            if (isLocal(voice)
                    && voice.getLocale().getLanguage().equals(Locale.US.getLanguage())
                    && engine.setVoice(voice) == TextToSpeech.SUCCESS) {
                return true;
            }
        }
        return false;
    }

    private static boolean isLocal(Voice voice) {
        return voice != null
                && !voice.isNetworkConnectionRequired()
                && !voice.getFeatures().contains(TextToSpeech.Engine.KEY_FEATURE_NOT_INSTALLED);
    }
}
