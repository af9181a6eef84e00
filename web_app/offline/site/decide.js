// What a person is told. The rules are data that triage exported: limits of the light, the table of decisions.

const TINY = 1e-12;

// p^(1/T), renormalised (triage.assessment.apply_temperature).
export function withTemperature(probabilities, temperature) {
  const scaled = [...probabilities].map((p) => Math.log(Math.max(p, TINY)) / temperature);
  const largest = Math.max(...scaled);
  const powers = scaled.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((value) => value / sum);
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

// Reasons against the light, most serious first, from the model's own estimates (triage.estimated_light).
export function lightReasons(estimates, light, order) {
  const values = Object.fromEntries(light.measures.map((name, number) => [name, estimates[number]]));
  const above = Object.fromEntries(light.rules.map((rule) => [rule.measure, rule.above]));
  for (const [name, margin] of Object.entries(light.margins)) values[name] -= above[name] ? margin : -margin;
  const found = new Set();
  for (const { reason, measure, at, above: high, along, only_if: condition } of light.rules) {
    if (condition && excess(values[condition.measure], condition.at, condition.above) < 0) continue;
    const limit = Array.isArray(at) ? interpolate(values[along], ...at) : at;
    if (excess(values[measure], limit, high) > 0) found.add(reason);
  }
  return order.filter((reason) => found.has(reason));
}

const excess = (value, limit, above) => (above ? value - limit : limit - value);

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

// Light and decision for the outputs of one photo. The page measures neither skin nor its tone: it takes skin for
// granted, which the familiarity checks, and counts every tone as not checked, which never reassures.
export function assess(outputs, data, { ignoreLight = false, syntheticPhoto = false } = {}) {
  const { card, table } = data;
  for (const [name, values] of Object.entries(outputs)) {
    if (!values.every(Number.isFinite)) throw new Error(`${name}: NaN`);
  }
  const probabilities = withTemperature(outputs.diagnosis, card.temperature);
  const order = ranking(probabilities), classes = card.classes;
  const wellLit = Math.min(Math.max(outputs.lighting[0], 0), 1);
  const judged = Boolean(outputs.light_measures && card.light);
  const reasons = judged ? lightReasons(outputs.light_measures, card.light, data.light_reasons) : [];
  const lightingOk = wellLit >= card.thresholds.well_lit && !reasons.length;
  const chosen = predictionSet(probabilities, card.prediction_sets, data.sets);
  const isUrgent = (number) => classes[number].urgency === "urgent";
  const urgent = order.filter(isUrgent);
  const urgentSum = classes.reduce((sum, entry, number) => sum + (isUrgent(number) ? probabilities[number] : 0), 0);
  const facts = {
    synthetic_model: card.synthetic,
    synthetic_photo: syntheticPhoto,
    has_skin: true,
    lighting_ok: lightingOk,
    ignore_light: ignoreLight,
    unfamiliar: Boolean(card.familiarity && outputs.familiarity
      && Math.min(Math.max(outputs.familiarity[0], 0), 1) < card.familiarity.refuse_below),
    abstained: probabilities[order[0]] < card.thresholds.abstain_below,
    urgent: urgent.length > 0 && urgentSum >= card.thresholds.urgent,
    urgent_in_set: chosen.some(isUrgent),
    checked: data.checked,
  };
  let state = 0;
  for (const name of table.facts) state = 2 * state + (facts[name] ? 1 : 0);
  state = state * table.leading.length + table.leading.indexOf(classes[order[0]].urgency);
  const [reason, urgency] = table.outcomes[table.states[state]];
  const mayName = reason === null || reason === "unsure";
  const oneOf = reason === null && chosen.length > 1 ? chosen : [];
  return {
    lighting: { ok: lightingOk, probability: wellLit, reasons: reasons.length || lightingOk ? reasons : ["poor_light"], judged },
    ranking: order.map((number) => ({ label: classes[number].id, name: classes[number].name,
      probability: probabilities[number], urgency: classes[number].urgency })),
    reason, urgency, mayName, abstained: facts.abstained,
    predictionSet: urgency ? chosen.map((number) => classes[number].id) : [],
    oneOf: oneOf.map((number) => classes[number].id), checked: facts.checked,
  };
}
