import { assess } from "./decide.js";
import { Unusable, loadModel } from "./model.js";
import { PhotoProblem, openPhoto, spotInPhoto } from "./pixels.js";

const LIVE_MS = 400;
const $ = (id) => document.getElementById(id);
// Computer-drawn photos, which a demo model may judge.
const isDemo = () => new URLSearchParams(location.search).has("demo");
let model, texts;

if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => {});
start();

async function start() {
  const begun = performance.now();
  try {
    model = await loadModel();
    texts = model.data.texts;
    describe();
    const { passed } = await model.selfTest();
    if (!passed) throw new Unusable(texts["web.selftest_failed"]);
    $("controls").hidden = false;
    $("camera").hidden = !navigator.mediaDevices?.getUserMedia;
    say("web.ready");
  } catch (error) {
    if (!(error instanceof Unusable)) console.error(error);
    $("status").textContent = error instanceof Unusable ? error.message : "This page could not be loaded. Try again.";
    $("status").className = "card urgent";
  }
  document.body.dataset.ready = String(Math.round(performance.now() - begun));
}

function describe() {
  const { card, facts } = model.data;
  document.title = document.querySelector("h1").textContent = texts["app.name"];
  $("lead").textContent = texts["first.not_text"];
  $("disclaimer").textContent = texts["answer.disclaimer"];
  $("privacy").textContent = texts["web.privacy"];
  $("choose").textContent = texts["web.choose"];
  if (card.synthetic) {
    $("demo").hidden = false;
    $("demo").textContent = texts["app.demo"];
    $("lead").append(` ${texts["app.demo_note"]}`);
  }
  const { signs_at_once, signs } = model.data;
  $("signs").replaceChildren(...[["answer.signs_at_once", signs_at_once], ["answer.signs", signs]].flatMap(
    ([title, ids]) => [element("h2", texts[title]), element("ul", ...ids.map((id) => element("li", texts[`sign.${id}`])))]));
  $("facts").replaceChildren(...facts.filter((part) => part.facts.length).flatMap(({ title, text, facts: pairs }) => [
    element("h2", title), ...(text ? [element("p", text, "muted")] : []),
    element("dl", ...pairs.flatMap(([name, value]) => [element("dt", name), element("dd", value)]))]));
}

$("file").addEventListener("change", async () => {
  const files = [...$("file").files];
  $("file").value = "";
  await choose(files);
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (!$("controls").hidden) choose([...event.dataTransfer.files]);
});
addEventListener("paste", (event) => {
  if (!$("controls").hidden && event.clipboardData.files.length) choose([...event.clipboardData.files]);
});

async function choose(files) {
  if (!files.length) return;
  closeCamera();
  if (files.length > 1) return refuse(texts["web.one_photo"]);
  say("checking.title");
  try {
    const { image, width, height } = await openPhoto(files[0], texts);
    await show(image, width, height);
  } catch (error) {
    if (!(error instanceof PhotoProblem)) console.error(error);
    refuse(error instanceof PhotoProblem ? error.message : texts["web.unreadable"]);
  }
}

function refuse(message) {
  $("result").replaceChildren(element("p", message, "card soon"));
  $("status").textContent = "";
  $("result").focus();
}

async function show(image, width, height) {
  const { outputs, box, view, milliseconds } = await model.run(image, width, height);
  const spot = outputs.spot ? spotInPhoto(outputs.spot, view, width, height) : null;
  const photo = picture(image, width, height, box, spot), told = element("div");
  const asked = questions((answers) => answer(true, answers));
  const answer = (isAgain, answers = {}, ignoreLight = ignored) => {
    ignored = ignoreLight;
    const found = assess(outputs, model.data, { ignoreLight, syntheticPhoto: isDemo(), answers });
    told.replaceChildren(...render(found, photo, ignoreLight, () => answer(false, {}, true)));
    asked.hidden = !found.mayName;
    $("result").dataset.answer = JSON.stringify({ ...found, spot, milliseconds });
    say("web.ready");
    if (!isAgain) $("result").focus();
  };
  let ignored = false;
  $("result").replaceChildren(told, asked);
  answer(false);
}

function render(found, photo, ignoreLight, overrule) {
  const { card } = model.data, parts = [];
  const light = found.lighting;
  if (!light.ok) {
    parts.push(titled(texts["answer.reason.poor_light"], tip(light), "card soon"));
    if (ignoreLight) parts.push(element("p", texts["answer.light_overruled"], "card soon"));
  } else {
    parts.push(element("p", texts["web.light_good"]));
  }
  const key = found.urgency ? `answer.${found.urgency}` : `answer.reason.${found.reason}`;
  if (found.urgency && card.synthetic) { // drawn skin is no reason to see a doctor
    parts.push(titled(texts["app.demo"], texts["answer.reason.synthetic_model_text"], "card soon"));
  } else if (found.reason !== "poor_light") {
    parts.push(titled(texts[key], texts[`${key}_text`], `card ${found.urgency ?? "soon"}`));
  } else {
    parts.push(button(texts["light.see_anyway"], overrule));
  }
  const left = element("div");
  if (found.alone) {
    const [first] = found.alone.ranking;
    parts.push(element("p", `${texts["web.without_answers"]} ${first.name}, ${percent(first.probability)}.`));
  }
  if (found.mayName && !found.checked) {
    left.append(titled(texts["answer.unchecked"], texts["web.unchecked_text"], "card soon"));
  }
  if (found.mayName) left.append(classes(found));
  parts.push(left.childNodes.length ? element("div", left, photo, "columns") : photo);
  return parts;
}

const titled = (title, text, style) => element("section", element("h2", title), element("p", text), style);
const tip = ({ reason }) => `${texts[`tip.${reason}.headline`]}. ${texts[`tip.${reason}.advice`]}`;

// The card's questions; `changed` gets the answers so far.
function questions(changed) {
  const rule = model.data.card.answers, made = element("fieldset"), answers = {};
  if (!rule) return element("div");
  made.className = "card";
  made.replaceChildren(element("legend", texts["questions.title"]), element("p", texts["questions.text"], "muted"));
  for (const [name, { effects, years }] of Object.entries(rule.questions)) {
    const input = document.createElement(years ? "input" : "select"), words = texts[`question.${name}`] ?? readable(name);
    if (years) Object.assign(input, { type: "number", min: 0, max: 120, inputMode: "numeric" });
    else input.append(new Option(texts["web.no_answer"], ""), ...Object.keys(effects).map((choice) =>
      new Option(texts[`choice.${choice}`] ?? readable(choice), choice)));
    input.addEventListener("change", () => {
      if (input.value === "" || !input.checkValidity()) delete answers[name];
      else answers[name] = years ? Number(input.value) : input.value;
      changed({ ...answers });
    });
    made.append(element("label", years ? `${words} (${texts["web.years"]}) ` : `${words} `, input));
  }
  made.append(button(texts["questions.show"], () => $("result").focus())); // on a phone the answer is out of sight
  return made;
}

const readable = (name) => name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());

function classes(found) {
  const { max_classes, min_probability } = model.data;
  const title = found.reason ? `answer.reason.${found.reason}` : found.oneOf.length ? "answer.one_of" : "answer.looks_like";
  const section = element("section", element("h2", texts[title]), "card");
  if (found.reason) section.append(element("p", texts["answer.nearest"], "muted"));
  const named = found.ranking.slice(0, found.oneOf.length || max_classes);
  const rows = named.slice(0, max_classes).filter((entry) => entry.probability >= min_probability);
  for (const entry of rows) {
    const bar = document.createElement("meter");
    bar.value = entry.probability;
    bar.setAttribute("aria-label", entry.name);
    section.append(element("p", entry.name, "name"), element("p", `${texts[`answer.${word(entry)}`]}, ${percent(entry.probability)}`, "muted"), bar);
  }
  const more = found.oneOf.length ? named.filter((entry) => !rows.includes(entry)) : [];
  if (more.length) section.append(element("p", texts["answer.also"].replace("{names}", more.map((entry) => entry.name).join("; "))));
  section.append(element("p", texts["answer.disclaimer"], "muted"));
  return section;
}

function word(entry) {
  const words = model.data.words[entry.urgency === "urgent" ? "dangerous" : "other"];
  return words.find(([lower]) => entry.probability >= lower)[1];
}

const percent = (value) => (value > 0.99 ? texts["answer.over_99"] : `${Math.round(value * 100)}%`);

// The photo with the part that the model saw and the spot.
function picture(image, width, height, box, spot) {
  const canvas = document.createElement("canvas"), scale = Math.min(1, 720 / Math.max(width, height));
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const frame = (x, y, w, h, color) => {
    for (const [line, style] of [[6, "#000A"], [3, color]]) {
      Object.assign(context, { lineWidth: line, strokeStyle: style });
      context.strokeRect(x * scale, y * scale, w * scale, h * scale);
    }
  };
  const isWhole = box[2] === width && box[3] === height;
  if (!isWhole) frame(...box, "#FFF");
  let text = texts[isWhole ? "web.whole" : "answer.crop"];
  if (spot && spot.confidence >= model.data.spot_sure_from) {
    frame((spot.x - spot.width / 2) * width, (spot.y - spot.height / 2) * height, spot.width * width, spot.height * height, "#5FD0C3");
    text += ` ${texts["web.spot"]}`;
  }
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", text);
  return element("figure", canvas, element("figcaption", text));
}

// Camera: tips while it runs, then a photo.
let stream, timer;
$("camera").addEventListener("click", async () => {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  } catch (error) {
    return refuse(texts[error.name === "NotAllowedError" ? "trouble.denied" : "trouble.absent"]);
  }
  $("video").srcObject = stream;
  await $("video").play();
  $("live").hidden = false;
  $("shoot").focus();
  timer = setTimeout(liveTip, LIVE_MS);
});

async function liveTip() {
  const video = $("video");
  if (!stream) return;
  const { outputs } = await model.run(video, video.videoWidth, video.videoHeight);
  if (!stream) return;
  const { lighting } = assess(outputs, model.data);
  const text = lighting.ok ? texts["web.light_good"] : tip(lighting);
  if ($("live-tip").textContent !== text) $("live-tip").textContent = text;
  timer = setTimeout(liveTip, LIVE_MS);
}

$("shoot").addEventListener("click", async () => {
  const video = $("video"), frame = await createImageBitmap(video);
  closeCamera();
  await show(frame, frame.width, frame.height);
});
$("stop").addEventListener("click", () => { closeCamera(); $("camera").focus(); });
addEventListener("pagehide", closeCamera);

function closeCamera() {
  clearTimeout(timer);
  stream?.getTracks().forEach((track) => track.stop());
  stream = undefined;
  $("live").hidden = true;
}

function say(id) {
  $("status").textContent = texts[id];
}

function button(text, pressed) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", pressed);
  return made;
}

// An element with children; a last string argument with a tag that takes classes is its class.
function element(tag, ...parts) {
  const made = document.createElement(tag);
  const styled = parts.length > 1 && typeof parts.at(-1) === "string" ? parts.pop() : "";
  made.className = styled;
  made.append(...parts);
  return made;
}
