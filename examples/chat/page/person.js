// Who is at the page: the name (this tab's, else the last one used), its colour, and the theme.

const NAME_BYTES_MAX = 24;
const THEMES = { auto: "◐", light: "☀", dark: "☾" };
const $ = (id) => document.getElementById(id);

/** The same name has the same colour on every page. */
export function hue(name) {
  let hash = 2166136261;
  for (const c of name) hash = Math.imul(hash ^ c.codePointAt(0), 16777619);
  return (hash >>> 0) % 360;
}

export function initials(name) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? words[0][0] + words.at(-1)[0] : name.slice(0, 2);
  return letters;
}

export function paintAvatar(element, name) {
  element.textContent = initials(name);
  element.style.setProperty("--hue", hue(name));
}

export function storedName() {
  return sessionStorage.getItem("name") ?? localStorage.getItem("name");
}

/** Asks for a name; resolves to it, or to null when a rename is dismissed. */
export function askName(now) {
  const dialog = $("naming");
  $("name").value = now ?? "";
  $("naming-error").textContent = "";
  return new Promise((resolve) => {
    const done = (name) => {
      $("naming-form").onsubmit = dialog.oncancel = null;
      resolve(name);
    };
    dialog.oncancel = (event) => (now ? done(null) : event.preventDefault());
    $("naming-form").onsubmit = (event) => {
      const name = $("name").value.trim().replace(/\s+/g, " ");
      const problem = nameProblem(name);
      $("naming-error").textContent = problem;
      if (problem) return event.preventDefault();
      sessionStorage.setItem("name", name);
      localStorage.setItem("name", name);
      done(name);
    };
    dialog.showModal();
    $("name").select();
  });
}

function nameProblem(name) {
  if (!name) return "A name has at least one letter.";
  const bytes = new TextEncoder().encode(name).length;
  return bytes > NAME_BYTES_MAX ? `That is ${bytes} bytes long; ${NAME_BYTES_MAX} is the most.` : "";
}

export function startTheme() {
  const button = $("theme");
  const show = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = THEMES[theme];
    button.title = `Theme: ${theme === "auto" ? "as the system" : theme}`;
    button.setAttribute("aria-label", button.title);
  };
  let theme = localStorage.getItem("theme") ?? "auto";
  if (!(theme in THEMES)) theme = "auto";
  show(theme);
  button.onclick = () => {
    const names = Object.keys(THEMES);
    theme = names[(names.indexOf(theme) + 1) % names.length];
    localStorage.setItem("theme", theme);
    show(theme);
  };
}
