// The model in the browser: LiteRT.js on the processor (WebAssembly), so that every device gives the same predictions.

import { Tensor, loadAndCompile, loadLiteRt } from "./litert/core.js";
import { cropBox, cropView, prepare, readPixels } from "./pixels.js";

// (module (func (result v128) i32.const 0 i8x16.splat)): 128-bit SIMD, which LiteRT.js needs.
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0,
  253, 15, 11]);

export class Unusable extends Error {}

// Loads data, texts and model; throws Unusable with a sentence for people.
export async function loadModel() {
  const data = await (await fetch("data.json")).json();
  const { texts, card } = data;
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) throw new Unusable(texts["web.no_simd"]);
  let compiled;
  try {
    const bytes = new Uint8Array(await (await fetch("model.tflite")).arrayBuffer());
    const digest = await crypto.subtle?.digest("SHA-256", bytes);
    if (digest && hex(digest) !== data.model_sha256) throw new Error("SHA-256");
    await loadLiteRt("litert/");
    compiled = await loadAndCompile(bytes, { accelerator: "wasm" });
  } catch (error) {
    console.error(error);
    throw new Unusable(texts["web.wrong_model"]);
  }
  const input = compiled.getInputDetails()[0], names = compiled.getOutputDetails().map((output) => output.name);
  return new Model(data, compiled, input.dtype === "float32", card.input.size, input.name, names);
}

class Model {
  constructor(data, compiled, isFloat, size, inputName, outputNames) {
    Object.assign(this, { data, compiled, isFloat, size, inputName, outputNames });
  }

  // Outputs by name for an image, video frame or bitmap of this size, and the part that the model sees.
  async run(image, width, height) {
    const { input } = this.data.card, box = cropBox(width, height, input);
    const prepared = prepare(readPixels(image, box), this.size, input);
    const begun = performance.now();
    const outputs = await this.predict(prepared.data);
    return { outputs, box, view: cropView(box, input), milliseconds: performance.now() - begun };
  }

  // Outputs by name for RGB bytes of the input's size.
  async predict(bytes) {
    const values = this.isFloat ? Float32Array.from(bytes, (value) => value / 255) : bytes;
    const input = new Tensor(values, [1, this.size, this.size, 3]);
    try {
      const found = await this.compiled.run({ [this.inputName]: input });
      return Object.fromEntries(this.outputNames.map((name) => {
        const values = Array.from(found[name].toTypedArray());
        found[name].delete();
        return [name, values];
      }));
    } finally {
      input.delete();
    }
  }

  // Compares this browser's predictions with Python's for the packed phantoms: [{name, difference, milliseconds}].
  async selfTest() {
    const results = [];
    for (const { name, outputs: expected } of this.data.phantoms) {
      const image = new Image();
      image.src = `phantoms/${name}`;
      await image.decode();
      const { outputs, milliseconds } = await this.run(image, image.naturalWidth, image.naturalHeight);
      let difference = 0;
      for (const output of this.data.compared) {
        if (!(output in expected)) continue;
        expected[output].forEach((value, number) => {
          const change = Math.abs(value - outputs[output][number]);
          difference = change <= difference ? difference : change; // NaN is kept
        });
      }
      results.push({ name, difference, milliseconds });
    }
    const passed = results.length > 0 && results.every((result) => result.difference <= this.data.tolerance);
    return { passed, results };
  }
}

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
