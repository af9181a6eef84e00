package android.speech.tts;

import java.util.Collections;
import java.util.Locale;
import java.util.Set;

public class Voice {
    private final String name;
    private final Locale locale;
    private final boolean fromNetwork;
    private final Set<String> features;

    public Voice(String name, String language, boolean fromNetwork, boolean installed) {
        this.name = name;
        this.locale = Locale.forLanguageTag(language);
        this.fromNetwork = fromNetwork;
        this.features = installed ? Collections.emptySet() : Collections.singleton("notInstalled");
    }

    public String getName() {
        return name;
    }

    public Locale getLocale() {
        return locale;
    }

    public boolean isNetworkConnectionRequired() {
        return fromNetwork;
    }

    public Set<String> getFeatures() {
        return features;
    }
}
