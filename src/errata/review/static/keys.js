// Keys: what they do, other keys in their place, none at all, and a pause; and a box to find a name
// in. A key presses a button, so that whatever a key does a button does as well.
"use strict";
{
  const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" }; // as in pages.py
  const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Fn"];
  const TAKEN = ["Enter", "Space", "Tab", "Escape", "Dead", "Process", "Unidentified"];

  // Settings of this browser; where it keeps none, until the page is closed.
  const kept = new Map();
  function setting(name) {
    if (kept.has(name)) return kept.get(name);
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  }
  function keep(name, value) {
    kept.set(name, value);
    try {
      localStorage.setItem(name, value);
    } catch {
      // it counts for this page
    }
  }

  const card = () => document.getElementById("keys");
  // pages of two names, of boxes, and of names to choose from have keys of their own
  const mapName = () => `errata-keys-${document.querySelector("[data-kind]")?.dataset.kind}`;
  function own() {
    try {
      return JSON.parse(setting(mapName())) ?? {};
    } catch {
      return {};
    }
  }

  // Two names for a key: the digits' places on the keyboard count as well as what they type, as on
  // some "1" needs Shift.
  function names(event) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    const key = event.key === " " ? "Space" : event.key;
    return [key.length === 1 ? key.toLowerCase() : key, digit?.[1]];
  }

  const has = (element, pressed) => element.dataset.keys.split(" ").some((key) => pressed.includes(key));

  // ---------------------------------------------------------------- what the keys are

  // Write the keys that this reviewer chose on every button and into every table.
  function write() {
    const chosen = own();
    for (const element of document.querySelectorAll("[data-action]")) {
      const { dataset } = element;
      dataset.own ??= dataset.keys;
      dataset.keys = chosen[dataset.action] ?? dataset.own;
      const caps = element.querySelectorAll("kbd");
      const signs = dataset.keys.split(" ").map((key) => SIGNS[key] ?? key);
      if (element.matches("tr")) {
        caps[0].parentElement.replaceChildren(
          ...signs.flatMap((sign) => [Object.assign(document.createElement("kbd"), { textContent: sign }), " "]),
        );
      } else if (caps.length) {
        caps[0].textContent = signs[0];
      }
    }
  }

  function say(text) {
    document.getElementById("keys-said").textContent = text;
  }

  let changing = null; // the button in the card whose action waits for its key

  function stopChanging() {
    if (changing) changing.textContent = "Change";
    changing = null;
  }

  function change(event) {
    const [key, digit] = names(event);
    if (MODIFIERS.includes(key)) return;
    event.preventDefault();
    event.stopPropagation();
    const action = changing.dataset.changes;
    const label = changing.closest("tr").querySelector("th").textContent;
    stopChanging();
    if (key === "Escape" || key === "Tab") return say(`${label} keeps its keys.`);
    if (TAKEN.includes(key) || event.ctrlKey || event.metaKey || event.altKey)
      return say(`${SIGNS[key] ?? key} presses what has the focus, or is the browser's: choose another key.`);
    const other = [...card().querySelectorAll("tr[data-action]")].find(
      (row) => row.dataset.action !== action && has(row, [key, digit]),
    );
    if (other)
      return say(`${SIGNS[key] ?? key} is a key of ${other.querySelector("th").textContent}: choose another.`);
    keep(mapName(), JSON.stringify({ ...own(), [action]: key }));
    write();
    say(`${label} has the key ${SIGNS[key] ?? key} now.`);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-changes], #reset-keys, button[data-action=keys]");
    if (!button) return;
    if (button.dataset.action === "keys") {
      document.getElementById("use-keys").checked = setting("errata-keys") !== "off";
      say("");
      card().showModal();
      return;
    }
    stopChanging();
    if (button.id === "reset-keys") {
      keep(mapName(), "{}");
      write();
      say("The keys are those of the start.");
    } else {
      changing = button;
      button.textContent = "Press a key…";
      say("");
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "use-keys") keep("errata-keys", event.target.checked ? "on" : "off");
  });

  // ---------------------------------------------------------------- pressing them

  function scrolls(event) {
    const pages = { " ": event.shiftKey ? -1 : 1, PageDown: 1, PageUp: -1 }[event.key];
    const box = document.querySelector("[data-scroll]");
    if (!pages || !box || box.scrollHeight <= box.clientHeight) return false;
    box.scrollBy({ top: pages * 0.85 * box.clientHeight, behavior: "instant" });
    return true;
  }

  // Whether what has the focus needs a key itself.
  function isNeeded(event) {
    const where = event.target;
    if (where.matches("input:not([type=checkbox]), textarea, select")) return true;
    // In a box that scrolls, up and down scroll.
    if (where.closest("[data-scroll], .rows") && /^Arrow/.test(event.key)) return true;
    if (where.matches("button, a, summary")) return event.key === " " || event.key === "Enter";
    if (where.matches("[type=checkbox]")) return event.key === " ";
    // A player that has the focus has keys of its own.
    return where.matches("audio") && /^( |Enter|Home|End|Page.*|Arrow.*)$/.test(event.key);
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || setting("errata-keys") === "off" || isNeeded(event)) return;
    const pressed = names(event);
    const button = [...document.querySelectorAll("#page :is(button, input)[data-keys]")].find((each) => has(each, pressed));
    if (button) {
      event.preventDefault();
      if (button.matches("[data-finds]")) button.focus();
      else if (!event.repeat) button.click();
      return;
    }
    const look = card()?.querySelector("tr[data-action=look]");
    // whoever can show more of the example says so by taking the event
    const looks = () => !document.dispatchEvent(new CustomEvent("errata-look", { cancelable: true }));
    if ((look && has(look, pressed) && !event.shiftKey && (event.repeat || looks())) || scrolls(event))
      event.preventDefault();
  }

  // ---------------------------------------------------------------- finding one of many names

  const among = (box) => [...box.form.querySelectorAll(".options .panel")];
  const shown = (box) => among(box).filter((option) => !option.hidden);

  // Leave only the names that hold what is typed.
  function find(box) {
    const part = box.value.trim().toLowerCase();
    for (const option of among(box))
      option.hidden = !option.querySelector("span").textContent.toLowerCase().includes(part);
    const count = shown(box).length;
    document.getElementById("found").textContent = part ? `${count} of ${among(box).length}` : "";
  }

  // Enter chooses the only name that is left, and else goes to the first; Escape leaves the box.
  function pressInBox(event) {
    if (event.isComposing || !["Enter", "ArrowDown", "Escape"].includes(event.key)) return;
    event.preventDefault(); // Enter would press the first button of the form
    const box = event.target;
    const left = shown(box).map((option) => option.querySelector("button"));
    if (event.key === "Escape") {
      box.value = "";
      find(box);
      box.blur();
    } else if (event.key === "Enter" && left.length === 1) {
      if (!event.repeat) left[0].click();
    } else {
      left[0]?.focus();
    }
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-finds]")) find(event.target);
  });

  document.addEventListener(
    "keydown",
    (event) => {
      const paused = document.getElementById("paused");
      if (changing) change(event);
      else if (event.target.matches("[data-finds]")) pressInBox(event);
      else if (!paused?.open) press(event);
      else if (!MODIFIERS.includes(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        uncover(paused);
      }
    },
    true,
  );

  // ---------------------------------------------------------------- pause

  // A page that was covered is as a new one: what is pressed at once does not answer it. "close" comes
  // a moment later, and alone where the browser closes the cover, as by a phone's way back.
  const resumed = () => document.dispatchEvent(new Event("errata-resumed"));

  function uncover(paused) {
    paused.close();
    resumed();
  }

  document.addEventListener("click", (event) => {
    const paused = document.getElementById("paused");
    if (paused?.open) uncover(paused);
    else if (event.target.closest("button[data-action=pause]")) {
      for (const clip of document.querySelectorAll("audio")) clip.pause();
      paused.showModal();
    }
  });

  document.addEventListener(
    "close",
    (event) => {
      if (event.target.id === "keys") stopChanging();
      if (event.target.id === "paused") resumed();
    },
    true,
  );

  document.addEventListener("errata-arrived", write);
}
