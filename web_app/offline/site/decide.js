// What a person is told. The rules are data: the card's, and the table of decisions that triage exported.

const TINY = 1e-12;

// p^(1/T), renormalised (triage.assessment.apply_temperature).
export function withTemperature(probabilities, temperature) {
  const scaled = [...probabilities].map((p) => Math.log(Math.max(p, TINY)) / temperature);
  return softmax(scaled);
}

export function ranking(probabilities) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
}

// Numbers of the classes in the prediction set, most likely first (triage.prediction_set).
export function predictionSet(probabilities, rule, sets) {
  if (!rule) return [];
  let sum = 0;
  return ranking(probabilities).filter((number, rank) => {
    sum += probabilities[number];
    let score = sum + rule.penalty * Math.max(rank + 1 - rule.free_ranks, 0);
    if (rank > 0 && probabilities[number] < sets.least_probability) score += sets.unlikely;
    return rank === 0 || score <= rule.quantiles[sets.all_tones];
  });
}

// Why the light is poor, from the model's own estimates (triage.estimated_light.likely_reason).
export function likelyReason(estimates, light, namedFrom) {
  if (!estimates || !light?.reasons?.length) return null;
  const speaksFor = light.weights.map((row, number) =>
    row.reduce((sum, weight, measure) => sum + weight * estimates[measure], light.bias[number]));
  const probabilities = softmax(speaksFor), [top] = ranking(probabilities);
  return probabilities[top] >= namedFrom ? light.reasons[top] : null;
}

function interpolate(position, places, values) {
  if (position <= places[0]) return values[0];
  for (let at = 1; at < places.length; at++) {
    if (position <= places[at]) {
      const part = (position - places[at - 1]) / (places[at] - places[at - 1]);
      return values[at - 1] + part * (values[at] - values[at - 1]);
    }
  }
  return values[values.length - 1];
}

// Probabilities after a person's answers {question: choice or years} (triage.answers.add_answers).
export function withAnswers(probabilities, given, rule) {
  const effects = Object.entries(given).map(([name, answer]) => effectOf(answer, rule.questions[name]));
  const total = probabilities.map((_, number) => effects.reduce((sum, effect) => sum + effect[number], 0));
  const spread = Math.max(...total) - Math.min(...total);
  const scale = spread ? Math.min(1, rule.largest_log_odds / spread) : 1;
  return softmax(probabilities.map((value, number) => Math.log(Math.max(value, TINY)) + scale * total[number]));
}

function effectOf(answer, { effects, years }) {
  if (!years) return effects[answer];
  const rows = Object.entries(effects).map(([age, row]) => [Number(age), row]).sort(([a], [b]) => a - b);
  return rows[0][1].map((_, number) => interpolate(answer, rows.map(([age]) => age), rows.map(([, row]) => row[number])));
}

function softmax(logs) {
  const largest = Math.max(...logs);
  const powers = logs.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
}

// Light and decision for the outputs of one photo. The page measures neither skin nor its tone: it takes skin for
// granted, which the familiarity checks, and does not reassure unless the model was checked on every tone.
export function assess(outputs, data, { ignoreLight = false, syntheticPhoto = false, answers = {} } = {}) {
  const { card } = data;
  for (const [name, values] of Object.entries(outputs)) {
    if (!values.every(Number.isFinite)) throw new Error(`${name}: NaN`);
  }
  const wellLit = Math.min(Math.max(outputs.lighting[0], 0), 1);
  const ok = wellLit >= card.thresholds.well_lit;
  const reason = ok ? null : likelyReason(outputs.light_measures, card.light, data.light_named_from) ?? "poor_light";
  const lighting = { ok, probability: wellLit, reason };
  const unfamiliar = Boolean(card.familiarity && outputs.familiarity
    && Math.min(Math.max(outputs.familiarity[0], 0), 1) < card.familiarity.refuse_below);
  const known = {
    synthetic_model: card.synthetic, synthetic_photo: syntheticPhoto, has_skin: true, lighting_ok: ok,
    ignore_light: ignoreLight, unfamiliar, checked: data.checked,
  };
  const probabilities = withTemperature(outputs.diagnosis, card.temperature);
  const alone = decide(probabilities, data, known);
  if (!alone.mayName || !Object.keys(answers).length) return { lighting, ...alone };
  const told = decide(withAnswers(probabilities, answers, card.answers), data, known);
  const warned = data.warnings.some((question) => answers[question] === data.yes);
  if (told.urgency && alone.urgency) {
    const order = data.table.leading, urgencies = [told.urgency, alone.urgency, ...(warned ? ["soon"] : [])];
    told.urgency = order.find((urgency) => urgencies.includes(urgency)); // never less urgent than the photo alone
  }
  return { lighting, ...told, alone };
}

function decide(probabilities, { card, sets, table }, known) {
  const order = ranking(probabilities), classes = card.classes;
  const chosen = predictionSet(probabilities, card.prediction_sets, sets);
  const isUrgent = (number) => classes[number].urgency === "urgent";
  const urgent = order.filter(isUrgent);
  const facts = {
    ...known,
    abstained: probabilities[order[0]] < card.thresholds.abstain_below,
    urgent: urgent.length > 0 && urgent.reduce((sum, number) => sum + probabilities[number], 0) >= card.thresholds.urgent,
    urgent_in_set: chosen.some(isUrgent),
  };
  let state = 0;
  for (const name of table.facts) state = 2 * state + (facts[name] ? 1 : 0);
  state = state * table.leading.length + table.leading.indexOf(classes[order[0]].urgency);
  const [reason, urgency] = table.outcomes[table.states[state]];
  return {
    ranking: order.map((number) => ({ label: classes[number].id, name: classes[number].name,
      probability: probabilities[number], urgency: classes[number].urgency })),
    reason, urgency, mayName: reason === null || reason === "unsure", abstained: facts.abstained,
    predictionSet: urgency ? chosen.map((number) => classes[number].id) : [],
    oneOf: reason === null && chosen.length > 1 ? chosen.map((number) => classes[number].id) : [],
    checked: facts.checked,
  };
}
