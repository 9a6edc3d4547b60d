// A worker made with the client that Camunda publishes: every verb on external tasks, then what it saw, as JSON.
import { Client, Variables, logger } from "camunda-external-task-client-js";

const seen = { errors: [] };
const expected = ["complete", "failure", "error", "locks"];
const bearer = (config) => ({
  ...config,
  headers: { ...config.headers, authorization: `Bearer ${process.env.TOKEN}` },
});
const client = new Client({
  baseUrl: process.env.BASE,
  workerId: "js-worker",
  maxTasks: 5,
  asyncResponseTimeout: 2000,
  interval: 50,
  sorting: [{ sortBy: "createTime", sortOrder: "desc" }],
  interceptors: bearer,
  use: process.env.DEBUG ? logger : undefined,
});

for (const event of ["poll", "complete", "handleFailure", "handleBpmnError", "lock", "extendLock", "unlock"]) {
  client.on(`${event}:error`, (...given) => seen.errors.push(`${event}: ${given.at(-1)}`));
}

function finished(name, value) {
  seen[name] = value;
  if (expected.every((one) => one in seen)) {
    client.stop();
    console.log(JSON.stringify(seen));
    process.exit(0);
  }
}

client.subscribe("js-complete", { lockDuration: 30000, includeExtensionProperties: true }, async ({ task, taskService }) => {
  const all = task.variables.getAll();
  const file = task.variables.get("file");
  await file.load();
  const result = new Variables();
  result.setAll({ sum: all.amount + 1, ok: true, name: "Zoë", nothing: null, list: [1, 2], ratio: 0.5 });
  result.setTyped("big", { type: "long", value: 2 ** 40, valueInfo: {} });
  result.setTyped("when", { type: "date", value: new Date("2026-11-22T22:00:00Z"), valueInfo: {} });
  result.setTyped("doc", { type: "json", value: { a: [1] }, valueInfo: {} });
  result.setTransient("passing", 1);
  await taskService.complete(task, result, new Variables().set("local", 1));
  finished("complete", {
    amount: all.amount,
    when: all.when instanceof Date ? all.when.toISOString() : all.when,
    doc: all.doc,
    file: file.content.toString("utf-8"),
    filename: file.filename,
    colour: task.extensionProperties.colour,
    businessKey: task.businessKey,
  });
});

client.subscribe("js-failure", async ({ task, taskService }) => {
  await taskService.handleFailure(task, {
    errorMessage: "no paper",
    errorDetails: "tray 2",
    retries: 0,
    retryTimeout: 1000,
  });
  finished("failure", task.retries);
});

client.subscribe("js-error", async ({ task, taskService }) => {
  await taskService.handleBpmnError(task, "E42", "jam", new Variables().set("tried", 1));
  finished("error", task.topicName);
});

client.subscribe("js-locks", { lockDuration: 2000 }, async ({ task, taskService }) => {
  if (seen.locks !== undefined || client.busy) return;
  client.busy = true;
  await taskService.extendLock(task, 60000);
  await taskService.unlock(task);
  await taskService.lock(task, 60000);
  await taskService.complete(task);
  finished("locks", task.id);
});

setTimeout(() => {
  console.log(JSON.stringify({ ...seen, late: true }));
  process.exit(1);
}, 30000);
