package org.skindistill;

import android.content.Context;
import android.speech.tts.TextToSpeech;
import android.speech.tts.Voice;
import java.util.Locale;
import java.util.Set;

/** Speaks English with an offline voice, never with a network one. */
public final class DeviceVoice implements TextToSpeech.OnInitListener {
    private TextToSpeech engine;
    private boolean ready;
    private boolean failed;
    private String waiting;

    /** Starts looking for a voice; Android answers later. */
    public DeviceVoice(Context context) {
        synchronized (this) {
            // Without an engine, onInit is called inside this constructor.
            engine = new TextToSpeech(context, this);
        }
    }

    /** Whether a voice has been found so far. */
    public synchronized boolean isAvailable() {
        return !failed;
    }

    /** Speaks now, or as soon as the voice is ready; a new text interrupts the one before. */
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
