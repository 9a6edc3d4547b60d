/** Send a document that is being drawn, with what else belongs to it; answers {status, said}: the server's JSON. */
export async function postDocument(address, xml, name, fields) {
  const body = new FormData();
  if (xml) body.set("file", new Blob([xml], { type: "application/xml" }), name);
  for (const [field, value] of Object.entries(fields)) body.set(field, value);
  body.set("csrf_token", document.querySelector("input[name=csrf_token]").value);
  const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
  return { status: answer.status, said: await answer.json().catch(() => ({})) };
}
