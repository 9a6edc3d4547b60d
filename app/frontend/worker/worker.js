// The service worker. It keeps the shell (scripts, styles, the page "you are offline") and nothing that belongs to a
// person: pages of the application are never stored, so nobody finds another's orders here.
/* global SHELL, youxuQueue */
const CACHE = `youxu-${SHELL.version}`;
const COMPLETE = /^\/tasks\/[^/]+\/complete$/;

self.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(SHELL.files.map((url) => new Request(url, { cache: "reload", credentials: "omit" })));
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

async function offlinePage() {
  const language = await youxuQueue.about("language").catch(() => null);
  const page = await caches.match(SHELL.offline[language] ?? SHELL.offline.zh_Hans);
  return page ?? Response.error();
}

async function visit(request) {
  const { url, headers } = request; // a way back that was led on here may ask the browser's cache alone, which has no pages
  const asked = request.cache === "only-if-cached" ? new Request(url, { headers, credentials: "same-origin", redirect: "manual" }) : request;
  try {
    return await fetch(asked);
  } catch {
    return offlinePage();
  }
}

/** A decision whose sending failed on the way is kept, unless it was signed: a password is never stored. */
async function decide(request) {
  const copy = request.clone();
  try {
    return await fetch(request);
  } catch {
    const entry = await copy.formData().then((data) => youxuQueue.entryOf(data, waitingAddress(request.url)), () => null);
    if (!entry) return Response.redirect("/offline#unsent", 303);
    await youxuQueue.put(entry);
    await self.registration.sync?.register("waiting").catch(() => {});
    return Response.redirect("/offline#kept", 303);
  }
}

/** Back or forward to what a decision answered: nobody decides anew, the task itself is shown. The browser asks its cache
 * alone then, which keeps no such page; that is no missing network. */
const isReturn = (request) => request.isHistoryNavigation || ["only-if-cached", "force-cache"].includes(request.cache);
const taskPage = (url) => new URL(url).pathname.replace(/\/complete$/, "");

const waitingAddress = (url) => new URL(url).pathname.replace(/^\/tasks\/([^/]+)\/complete$/, "/waiting/decisions/$1");

async function fromShell(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { ignoreVary: true })) ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate" && request.method === "GET") event.respondWith(visit(request));
  else if (request.mode === "navigate" && COMPLETE.test(url.pathname)) event.respondWith(isReturn(request) ? Response.redirect(taskPage(request.url), 303) : decide(request));
  else if (request.method === "GET" && url.pathname.startsWith("/static/")) event.respondWith(fromShell(request));
});

self.addEventListener("sync", (event) => {
  const send = async () => {
    const came = await youxuQueue.send();
    if (came.failed) throw new Error(came.failed); // the browser tries again later
  };
  if (event.tag === "waiting") event.waitUntil(send());
});

self.addEventListener("push", (event) => {
  const told = event.data?.json() ?? {};
  const options = { body: told.body, tag: told.tag, lang: told.lang, icon: SHELL.icon, badge: SHELL.badge, data: { url: told.url } };
  event.waitUntil(self.registration.showNotification(told.title || "Youxu 有序", options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url || "/", location.origin);
  if (url.origin !== location.origin) return;
  const open = async () => {
    const windows = await self.clients.matchAll({ type: "window" });
    const there = windows.find((one) => new URL(one.url).pathname === url.pathname);
    return there ? there.focus() : self.clients.openWindow(url.href);
  };
  event.waitUntil(open());
});
