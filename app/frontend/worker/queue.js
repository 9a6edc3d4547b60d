// What was done without a network and waits to be sent: kept in IndexedDB, sent exactly once. Shared by pages and the
// service worker (a classic script, so that browsers without module workers take it): `self.youxuQueue`.
//
// An entry: {key, owner, kind, label, url, body, made, state: "waiting" | "refused", reason}. `key` goes along as
// Idempotency-Key, so an entry sent twice is served once. Passwords never come here.
(() => {
  const NAME = "youxu";
  const LOCK = "youxu-queue";
  const MOST = 200;
  const TIMEOUT = 20000;
  const SIGNED = ["password", "meaning", "seen", "code"]; // fields of a signature

  let opened = null;
  function open() {
    opened ??= new Promise((resolve, reject) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("waiting", { keyPath: "key" });
        asked.result.createObjectStore("about", { keyPath: "name" });
      };
      asked.onsuccess = () => {
        asked.result.onversionchange = () => asked.result.close();
        resolve(asked.result);
      };
      asked.onerror = () => reject(asked.error);
    });
    return opened;
  }

  async function inStore(name, mode, act) {
    const transaction = (await open()).transaction(name, mode);
    const asked = act(transaction.objectStore(name));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(asked?.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }

  const about = async (name) => (await inStore("about", "readonly", (store) => store.get(name)))?.value ?? null;
  const note = (name, value) => inStore("about", "readwrite", (store) => store.put({ name, value }));

  async function entries(owner) {
    const all = await inStore("waiting", "readonly", (store) => store.getAll());
    return all.filter((entry) => entry.owner === owner).sort((one, other) => one.made - other.made);
  }

  async function put(entry) {
    if ((await entries(entry.owner)).length >= MOST) throw new Error("full");
    await inStore("waiting", "readwrite", (store) => store.put({ state: "waiting", made: Date.now(), ...entry }));
    tell({ changed: true });
  }

  async function remove(key) {
    await inStore("waiting", "readwrite", (store) => store.delete(key));
    tell({ changed: true });
  }

  async function forget(owner) {
    for (const entry of await entries(owner)) await inStore("waiting", "readwrite", (store) => store.delete(entry.key));
    tell({ changed: true });
  }

  const channel = "BroadcastChannel" in self ? new BroadcastChannel(LOCK) : null;
  const listeners = [];
  function tell(news) {
    channel?.postMessage(news);
    for (const listener of listeners) listener(news);
  }
  function listen(listener) {
    listeners.push(listener);
    channel?.addEventListener("message", (event) => listener(event.data));
  }

  /** What a decision's form says, as an entry; null when it carries a signature or nobody is known here. */
  async function entryOf(data, url) {
    const owner = await about("who");
    const told = JSON.parse(data.get("queue_label") || "null");
    if (!owner || !told || SIGNED.some((name) => data.has(name))) return null;
    const answers = JSON.parse(data.get("answers") || "{}");
    for (const name of ["outcome", "reason"]) if (data.get(name)) answers[name] = data.get(name);
    const label = [told.outcomes?.[answers.outcome], told.task].filter(Boolean).join(" · ");
    const body = { owner, seen_version: Number(data.get("seen_version")), answers };
    return { key: data.get("queue_key") || crypto.randomUUID(), owner, kind: "decision", label, url, body };
  }

  function ask(url, options) {
    return fetch(url, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT), ...options });
  }

  async function token() {
    const answer = await ask("/waiting/token", { headers: { Accept: "application/json" } });
    if (answer.status === 401) return null;
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json(); // a fresh one for this session: {csrf, user}
  }

  async function reasonOf(answer) {
    const error = (await answer.json().catch(() => ({}))).error ?? {};
    const fields = Object.values(error.details?.fields ?? {}).flat();
    return [error.message || String(answer.status), ...fields].join(" ");
  }

  async function post(entry, csrf) {
    const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf, "Idempotency-Key": entry.key };
    const answer = await ask(entry.url, { method: "POST", headers, body: JSON.stringify(entry.body) });
    if (answer.status === 401 || answer.status === 408 || answer.status === 429 || answer.status >= 500) throw new Error(String(answer.status));
    if (answer.ok) return { entry, done: (await answer.json()).done };
    return { entry, refused: await reasonOf(answer) };
  }

  async function sendAll() {
    const owner = await about("who");
    const waiting = owner ? (await entries(owner)).filter((entry) => entry.state === "waiting") : [];
    if (!waiting.length) return { sent: 0 };
    const found = await token();
    if (!found) return { sent: 0, signedOut: true };
    let sent = 0;
    for (const entry of waiting) {
      if (entry.owner !== found.user) return { sent, signedOut: true }; // somebody else is signed in here by now
      const came = await post(entry, found.csrf);
      if (came.refused) await inStore("waiting", "readwrite", (store) => store.put({ ...entry, state: "refused", reason: came.refused }));
      else await inStore("waiting", "readwrite", (store) => store.delete(entry.key));
      sent += 1;
      tell({ changed: true, done: came.done, refused: came.refused, label: entry.label });
    }
    return { sent };
  }

  /** Send what waits, one after the other, oldest first; what could not be sent stays. One sender at a time. */
  async function send() {
    const careful = () => sendAll().catch((error) => ({ sent: 0, failed: error.message }));
    if (!navigator.locks) return careful();
    return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? careful() : { sent: 0, busy: true }));
  }

  self.youxuQueue = { about, note, entries, put, remove, forget, listen, entryOf, send, SIGNED };
})();
