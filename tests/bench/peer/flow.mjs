// One flow on bpmn-engine: start → user → exclusive → service → user → end, kept as JSON text at each wait, in memory.
//
// node flow.mjs SECONDS: runs whole cases for about that long after a warm-up of as long; prints one line of JSON:
// {mode: {steps, cpu, bytes}}. A step ends with a saved state: the start, and each completed user task, which is
// recovered from its JSON in a new engine, resumed, signalled, and its new state made JSON again.
// `documented`: the state carries its parsed diagram, as getState() makes it. `shared`: the diagram is parsed once and
// shared by all engines, the state is kept without it, steps of activities are not tracked: the best it can do.
import { Engine } from 'bpmn-engine';
import { readFileSync } from 'node:fs';

const seconds = Number(process.argv[2] ?? 2);
const source = readFileSync(new URL('./flow.bpmn', import.meta.url), 'utf8');
const services = { nothing(_scope, callback) { callback(null, { done: true }); } };
const extensions = {
  save(activity) {
    activity.on('end', (api) => {
      if (activity.type === 'bpmn:UserTask') api.environment.output[activity.id] = api.content.output;
    });
  },
};
const order = JSON.parse(readFileSync(0, 'utf8'));
const parsed = (await new Engine({ name: 'flow', source, extensions }).getDefinitions())[0].environment.options.source;
let done = 0;

const modes = {
  documented: { given: { source }, recovering: {}, settings: {}, drop: false },
  shared: {
    given: { sourceContext: parsed },
    recovering: { sourceContext: parsed },
    settings: { disableTrackState: true },
    drop: true,
  },
};

async function saved(engine, mode) {
  const state = await engine.getState();
  if (mode.drop) for (const one of state.definitions) delete one.source;
  return JSON.stringify(state);
}

async function begin(mode) {
  const engine = new Engine({
    name: 'flow', ...mode.given, services, extensions, settings: mode.settings, variables: { order },
  });
  await engine.execute();
  return saved(engine, mode);
}

async function complete(state, mode, element, answer) {
  const engine = new Engine({ name: 'flow', ...mode.recovering, services, extensions });
  engine.recover(JSON.parse(state));
  const execution = await engine.resume();
  const waiting = execution.getPostponed();
  if (waiting.length !== 1 || waiting[0].id !== element) {
    throw new Error(`expected ${element}, waiting: ${waiting.map((one) => one.id)}`);
  }
  waiting[0].signal(answer);
  return [await saved(engine, mode), engine];
}

async function walk(mode) {
  const first = await begin(mode);
  const [second] = await complete(first, mode, 'one', { outcome: 'yes' });
  const [third, engine] = await complete(second, mode, 'two', { outcome: 'done' });
  if (engine.state !== 'idle' || engine.execution.isRunning) throw new Error('has not ended');
  if (JSON.parse(third).definitions[0].execution.processes[0].environment.output.two?.outcome !== 'done') {
    throw new Error('the answer is not kept');
  }
  done += 3;
  return Math.max(first.length, second.length, third.length);
}

async function run(mode, wanted) {
  const before = process.cpuUsage();
  let bytes = 0;
  let cpu = 0;
  done = 0;
  while (cpu < wanted) {
    for (let one = 0; one < 20; one++) bytes = Math.max(bytes, await walk(mode));
    const used = process.cpuUsage(before);
    cpu = (used.user + used.system) / 1e6;
  }
  return { steps: done, cpu, bytes };
}

const found = {};
for (const [name, mode] of Object.entries(modes)) {
  await run(mode, seconds);
  found[name] = await run(mode, seconds);
}
console.log(JSON.stringify(found));
