// From a file to the model's input, as triage.photo does it: decode upright in sRGB, crop, shrink by averaging.
// tests/web_app compares the result with triage.photo.prepare_pixels.

export const MAX_PIXELS = 100_000_000; // as triage.photo
const MIN_SIDE = 32, BAR_GREY = 128;
const MAX_CANVAS = 16_000_000; // Safari on iPhones draws no larger canvas
const HEIC = /^ftyp(heic|heix|hevc|heim|heis|mif1|msf1)/;

export class PhotoProblem extends Error {}

// Loads a file as an image; its size is known before its pixels are decoded.
export async function openPhoto(file, texts) {
  if (!file.size) throw new PhotoProblem(texts["web.empty"]);
  const url = URL.createObjectURL(file);
  const image = new Image();
  try {
    image.src = url;
    await new Promise((done, failed) => { image.onload = done; image.onerror = failed; });
  } catch {
    const start = new TextDecoder("latin1").decode(await file.slice(4, 16).arrayBuffer());
    throw new PhotoProblem(texts[HEIC.test(start) ? "web.heic" : "web.unreadable"]);
  } finally {
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
  if (!isWhole(new Uint8Array(await file.arrayBuffer()))) throw new PhotoProblem(texts["web.cut_off"]);
  const { naturalWidth: width, naturalHeight: height } = image;
  if (width * height > MAX_PIXELS) throw new PhotoProblem(texts["web.too_large"]);
  if (Math.min(width, height) < MIN_SIDE) throw new PhotoProblem(texts["web.too_small"]);
  return { image, width, height };
}

// Browsers show what there is of a file that was cut off; triage refuses it.
function isWhole(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return lastPair(bytes, 0xd9) > lastPair(bytes, 0xda);
  if (bytes[0] === 0x89 && bytes[1] === 0x50) {
    return new TextDecoder("latin1").decode(bytes.subarray(-4096)).includes("IEND");
  }
  return true;
}

// Place of the last JPEG marker of a kind; compressed data contains none.
function lastPair(bytes, kind) {
  for (let at = bytes.length - 2; at >= 0; at--) if (bytes[at] === 0xff && bytes[at + 1] === kind) return at;
  return -1;
}

// Pixels of a part of an image or video frame: {data: RGB bytes, width, height}.
export function readPixels(image, [left, top, width, height]) {
  const scale = Math.min(1, Math.sqrt(MAX_CANVAS / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(width * scale));
  canvas.height = Math.max(1, Math.floor(height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#000"; // behind transparent parts
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, left, top, width, height, 0, 0, canvas.width, canvas.height);
  const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const data = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    data[to] = rgba[from]; data[to + 1] = rgba[from + 1]; data[to + 2] = rgba[from + 2];
  }
  return { data, width: canvas.width, height: canvas.height };
}

// Left, top, width, height of the part that is kept, pixels, as the card records it (triage.crop.Crop.box).
export function cropBox(width, height, { crop, crop_fraction: fraction }) {
  const sides = crop === "square" ? Array(2).fill(Math.min(width, height)) : [width, height];
  const [keptWidth, keptHeight] = sides.map((side) => Math.max(1, roundHalfEven(side * fraction)));
  return [Math.floor((width - keptWidth) / 2), Math.floor((height - keptHeight) / 2), keptWidth, keptHeight];
}

// The same of what the model's input shows, bars included (triage.crop.Crop.view).
export function cropView([left, top, width, height], { crop }) {
  const [across, down] = crop === "letterbox" ? Array(2).fill(Math.max(width, height)) : [width, height];
  return [left - (across - width) / 2, top - (down - height) / 2, across, down];
}

// The output `spot` as fractions of the whole photo, cut at its edges (triage.spot.spot_in_photo).
export function spotInPhoto(output, [left, top, across, down], width, height) {
  const limited = (value) => Math.min(Math.max(value, 0), 1);
  const [x, y, wide, high, confidence] = output.map(limited);
  const [from, to] = [-0.5, 0.5].map((side) => limited((left + (x + side * wide) * across) / width));
  const [above, below] = [-0.5, 0.5].map((side) => limited((top + (y + side * high) * down) / height));
  return { x: (from + to) / 2, y: (above + below) / 2, width: to - from, height: below - above, confidence };
}

// Resizes cropped pixels to the model's input (triage.photo.prepare_pixels).
export function prepare(pixels, size, { crop } = {}) {
  if (crop !== "letterbox") return resized(pixels, size, size);
  const scale = size / Math.max(pixels.width, pixels.height);
  const [width, height] = [pixels.width, pixels.height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const inner = resized(pixels, width, height), data = new Uint8Array(size * size * 3).fill(BAR_GREY);
  const [left, top] = [(size - width) >> 1, (size - height) >> 1];
  for (let y = 0; y < height; y++) {
    data.set(inner.data.subarray(3 * y * width, 3 * (y + 1) * width), 3 * ((top + y) * size + left));
  }
  return { data, width: size, height: size };
}

function resized(pixels, width, height) {
  if (pixels.width >= 2 * width && pixels.height >= 2 * height) {
    return average(linear(halved(pixels, 2 * Math.max(width, height)), 2 * width, 2 * height), width, height);
  }
  const shrunk = [Math.min(pixels.width, width), Math.min(pixels.height, height)];
  if (shrunk[0] !== pixels.width || shrunk[1] !== pixels.height) pixels = average(pixels, ...shrunk);
  return shrunk[0] !== width || shrunk[1] !== height ? linear(pixels, width, height) : pixels;
}

function halved(pixels, size) {
  const isFar = (side) => side > 3 * size;
  const shorter = () => Math.min(pixels.width, pixels.height), longer = () => Math.max(pixels.width, pixels.height);
  while (shorter() >= 2 * size || (shorter() >= size && isFar(longer()))) {
    const [width, height] = [pixels.width >> 1, pixels.height >> 1];
    pixels = average(pixels, width, height, 2 * width, 2 * height);
  }
  while (isFar(longer())) {
    const [width, height] = [pixels.width, pixels.height].map((side) => (isFar(side) ? side >> 1 : side));
    pixels = linear(pixels, width, height);
  }
  return pixels;
}

// For each place of the result, the places it is made of and their weights.
function areaWeights(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, place) => {
    const [start, end] = [place * scale, Math.min((place + 1) * scale, from)], found = [];
    for (let at = Math.floor(start); at < end - 1e-9; at++) {
      const weight = (Math.min(at + 1, end) - Math.max(at, start)) / scale;
      if (weight > 1e-6) found.push([Math.min(at, from - 1), weight]);
    }
    return found;
  });
}

const average = (pixels, width, height, usedWidth = pixels.width, usedHeight = pixels.height) =>
  weighted(pixels, areaWeights(usedWidth, width), areaWeights(usedHeight, height));

// For each place of the result, the two places between which it lies and their weights, of 2048.
function linearWeights(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, place) => {
    const at = Math.min(Math.max((place + 0.5) * scale - 0.5, 0), from - 1), low = Math.floor(at);
    const weight = roundHalfEven(Math.fround(at - low) * 2048);
    return [low, Math.min(low + 1, from - 1), 2048 - weight, weight];
  });
}

// Linear interpolation with OpenCV's arithmetic in integers: its cut-off bits change a fifth of the pixels.
function linear(pixels, width, height) {
  const data = new Uint8Array(width * height * 3), across = linearWeights(pixels.width, width);
  linearWeights(pixels.height, height).forEach(([upper, lower, above, below], y) => {
    const [one, other] = [upper, lower].map((line) => line * pixels.width * 3);
    across.forEach(([left, right, before, after], x) => {
      for (let channel = 0; channel < 3; channel++) {
        const [from, to] = [3 * left + channel, 3 * right + channel];
        const top = pixels.data[one + from] * before + pixels.data[one + to] * after;
        const bottom = pixels.data[other + from] * before + pixels.data[other + to] * after;
        const sum = ((above * (top >> 4)) >> 16) + ((below * (bottom >> 4)) >> 16);
        data[3 * (y * width + x) + channel] = (sum + 2) >> 2;
      }
    });
  });
  return { data, width, height };
}

function weighted(pixels, across, down) {
  const [width, height] = [across.length, down.length];
  const data = new Uint8Array(width * height * 3), row = new Float32Array(width * 3);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (const [line, lineWeight] of down[y]) {
      const start = line * pixels.width * 3;
      for (let x = 0; x < width; x++) {
        for (const [place, weight] of across[x]) {
          const from = start + place * 3, factor = weight * lineWeight;
          row[3 * x] += pixels.data[from] * factor;
          row[3 * x + 1] += pixels.data[from + 1] * factor;
          row[3 * x + 2] += pixels.data[from + 2] * factor;
        }
      }
    }
    for (let at = 0; at < row.length; at++) data[y * row.length + at] = Math.round(row[at] + 1e-4);
  }
  return { data, width, height };
}

function roundHalfEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}
