// What the other files share: the server's word on itself, requests, elements.

/** What `/run` says. */
export const server = { run: "", labels: {}, characters: Infinity };

/** The answer to a GET, or to a POST of a body; throws the server's sentence where it refuses. */
export async function ask(path, body, signal) {
  const answer = await fetch(path, body === undefined ? { signal } : {
    method: "POST", signal, headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.error || `the server answered ${answer.status}`);
  return found;
}

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
