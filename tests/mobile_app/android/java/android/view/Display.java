package android.view;

import android.hardware.camera2.Phone;

public final class Display {
    public int getRotation() {
        return Phone.screenRotation;
    }
}
