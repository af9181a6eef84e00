import { loadModel } from "./model.js";

const status = document.getElementById("status");
try {
  const model = await loadModel();
  const { passed, results } = await model.selfTest();
  document.getElementById("rows").replaceChildren(...results.map(({ name, difference, milliseconds }) => {
    const row = document.createElement("tr");
    for (const text of [name, difference.toExponential(1), `${milliseconds.toFixed(1)} ms`]) row.insertCell().textContent = text;
    return row;
  }));
  status.textContent = model.data.texts[passed ? "web.selftest_passed" : "web.selftest_failed"];
  status.className = passed ? "card watch" : "card urgent";
} catch (error) {
  status.textContent = error.message;
  status.className = "card urgent";
}
document.body.dataset.ready = "true";
