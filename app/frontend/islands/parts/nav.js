// The off-canvas menu of phones, drop-downs, small buttons.
function setMenu(open) {
  document.body.classList.toggle("nav-open", open);
  for (const button of document.querySelectorAll("[data-nav-open]")) button.setAttribute("aria-expanded", String(open));
  const side = document.getElementById("side");
  if (open) (side?.querySelector("[aria-current]") ?? side?.querySelector(".side-nav a"))?.focus();
}

const covers = () => matchMedia("(max-width: 991.98px)").matches;

document.addEventListener("click", (event) => {
  const target = event.target;
  if (!(target instanceof Element)) return;
  if (target.closest("[data-nav-open]")) return setMenu(!document.body.classList.contains("nav-open"));
  if (target.closest("[data-nav-close]")) return setMenu(false);
  if (target.closest("[data-back]")) return history.length > 1 ? history.back() : location.assign("/");
  if (target.closest("[data-print]")) return print();
  for (const drop of document.querySelectorAll("details[data-drop][open]")) if (!drop.contains(target)) drop.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const drop of document.querySelectorAll("details[data-drop][open]")) {
    drop.open = false;
    drop.querySelector("summary")?.focus();
  }
  if (document.body.classList.contains("nav-open")) {
    setMenu(false);
    document.querySelector(".tabs [data-nav-open]")?.focus();
  }
});

document.addEventListener("focusin", (event) => {
  const side = document.getElementById("side");
  if (document.body.classList.contains("nav-open") && covers() && side && !side.contains(event.target)) setMenu(false);
});
