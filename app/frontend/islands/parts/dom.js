/** An element with attributes, properties given as functions' results, and children (text stays text). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** An icon of the sprite the server ships. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", new URL(/* @vite-ignore */ "../../icons.svg", import.meta.url).pathname + "#" + name);
  svg.append(use);
  return svg;
}

/** Every match in the root, the root itself included. */
export function all(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  if (root.matches?.(selector)) found.unshift(root);
  return found;
}

/** Is the person typing there? */
export function typing(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable=true], .fjs-container") !== null;
}

/** Run once per element. */
export function once(element, key) {
  const mark = "yx" + key;
  if (element[mark]) return false;
  element[mark] = true;
  return true;
}
